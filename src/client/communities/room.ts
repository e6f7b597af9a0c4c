/**
 * The handle of a joined room (docs/protocol/communities.md §8).
 *
 * @module
 */
import { bytesToBase64 } from "../../bytes/index.js";
import {
  addReaction,
  deleteMessage,
  editMessage,
  type ReactionChange,
  removeReaction,
  type WhisperOptions,
} from "../../communities/index.js";
import { type AbortOptions, SessionError } from "../../errors/index.js";
import type { MessageContent } from "../content.js";
import { type Conversation, changeSharedConversation, type NotificationSetting } from "../conversations.js";
import type { UploadSettings } from "../files.js";
import type { ReceivedRoomText } from "../received.js";
import { type SharedChange, sharedConversation } from "../shared-conversations.js";
import { checkObject, invalidArgument } from "../targets.js";
import { waitOf } from "./calling.js";
import type { DirectSent } from "./direct.js";
import { signContent } from "./outgoing.js";
import { messageIdOf, type RoomMessageTarget } from "./room-base.js";
import { hashOf } from "./room-content.js";
import { foundOr, RoomModeration } from "./room-moderation.js";

/** A message that was posted. */
export interface RoomSendResult {
  /** The room's address; so is `conversation`. */
  readonly to: string;
  readonly conversation: string;
  /** The own id on the server. */
  readonly from: string;
  /** Names the message in the room. */
  readonly id: number;
  /** Names this state of it. */
  readonly hash: string;
  /** Time of posting by the server's clock, unix milliseconds: what quotes refer to. */
  readonly timestamp: number;
  /** The server's filter hides it from everybody else. */
  readonly filtered: boolean;
}

/** How to send to a room. */
export type RoomSendSettings = AbortOptions & Pick<UploadSettings, "onProgress"> & WhisperOptions;

/**
 * A joined room. Texts that are new come as `message` events and in {@link Room.messages}; what is asked for here is as it
 * is on the server.
 */
export class Room extends RoomModeration {
  /**
   * Posts a message. Files are uploaded to the room first: whoever reads the room reads them.
   *
   * The message is on disk before it is sent. If the server's answer is lost, the room is looked through for it, so that
   * trying again posts nothing twice. When this rejects it will not be sent again, except with `CLOSED`, where the next
   * client on the store goes on with it, or tells with `error` that the room was left. After `ABORTED` or `SEND_FAILED` it
   * may have arrived all the same: it comes as a `message` with `outgoing: true` then.
   *
   * @throws those of `Client.send` about the content; `COMMUNITY_RATE_LIMITED` (`details.retryAfterMs`: until then nothing
   *   is sent to the room), `COMMUNITY_FILTERED`, `COMMUNITY_FORBIDDEN`, other answers of the server, `SEND_FAILED`,
   *   `ABORTED`, `CLOSED`, `STORE_FAILED` (not of what was posted and could not be noted: `error` tells)
   */
  async send(content: MessageContent, settings: RoomSendSettings = {}): Promise<RoomSendResult> {
    const { live, world } = this;
    const { whisperTo, whisperMods } = settings;
    return await this.running(settings, async (signal) => {
      this.#checkRate();
      const signed = await signContent(world, live, content, { ...settings, signal });
      const { data, signature, files, timestamp } = signed;
      const whisper = {
        ...(whisperTo === undefined ? {} : { whisperTo }),
        ...(whisperMods === undefined ? {} : { whisperMods }),
      };
      const place = { baseUrl: live.server.baseUrl, token: live.token } as const;
      const record = { kind: "room", ...place, timestamp, data, signature, files, ...whisper } as const;
      const posted = await world.posts
        .post(live.server, record, { signal })
        .catch((error: unknown) => this.#refused(error));
      const { id, seqno, filtered } = posted;
      const { conversation } = this;
      const from = (await this.server.identity({ signal })).id;
      const hash = hashOf(live, id, seqno);
      return { to: conversation, conversation, from, id, hash, timestamp: posted.timestamp, filtered };
    });
  }

  /** Posts a message that only one user sees, or only the moderators; for moderators. Errors as {@link Room.send}. */
  async whisper(
    to: string | "moderators",
    content: MessageContent,
    settings: AbortOptions & Pick<UploadSettings, "onProgress"> = {},
  ): Promise<RoomSendResult> {
    const whisper = to === "moderators" ? { whisperMods: true } : { whisperTo: to };
    return await this.send(content, { ...settings, ...whisper });
  }

  /** Replaces all of an own message. Errors as {@link Room.send}. */
  async edit(
    message: RoomMessageTarget,
    content: MessageContent,
    settings: AbortOptions & Pick<UploadSettings, "onProgress"> = {},
  ): Promise<void> {
    const id = messageIdOf(message);
    await this.running(settings, async (signal) => {
      const signed = await signContent(this.world, this.live, content, { ...settings, signal });
      this.live.edited(bytesToBase64(signed.signature));
      await this.server.run(editMessage(this.token, id, signed), { signal });
    });
  }

  /** Deletes a message: an own one, or as moderator any. False if it was gone already. */
  async delete(message: RoomMessageTarget, options: AbortOptions = {}): Promise<boolean> {
    const id = messageIdOf(message);
    return await foundOr(false, async () => {
      await this.call(deleteMessage(this.token, id), options);
      return true;
    });
  }

  /** Reacts to a message with an emoji: 1 to 12 code points. */
  async react(
    message: RoomMessageTarget,
    emoji: string,
    options: AbortOptions = {},
  ): Promise<ReactionChange> {
    return await this.#changeReaction(addReaction, message, emoji, options);
  }

  /** Takes an own reaction back. */
  async unreact(
    message: RoomMessageTarget,
    emoji: string,
    options: AbortOptions = {},
  ): Promise<ReactionChange> {
    return await this.#changeReaction(removeReaction, message, emoji, options);
  }

  /**
   * The new texts of this room, as an iterator: see `Client.messages`.
   */
  messages({ signal }: AbortOptions = {}): AsyncIterableIterator<ReceivedRoomText, undefined> {
    // Nothing else has the address of a room for its conversation.
    return this.world.texts(this.conversation, signal) as AsyncIterableIterator<ReceivedRoomText, undefined>;
  }

  /** How far it was read, and how it is shown; the same on all devices of the account. */
  get state(): Conversation {
    return sharedConversation(this.world.configs, this.#name());
  }

  /** Marks messages up to one of them, or up to a time of posting (ms), as read. Nobody is told but the own devices. */
  async markRead(upTo: number | { readonly timestamp: number }): Promise<void> {
    const lastRead = typeof upTo === "number" ? upTo : (upTo?.timestamp ?? Number.NaN);
    if (!Number.isSafeInteger(lastRead) || lastRead < 0)
      throw invalidArgument("what was read is neither a message nor a time in ms");
    await this.#change({ lastRead });
  }

  /** Marks the room as unread until it is read. */
  async markUnread(unread = true): Promise<void> {
    await this.#change({ unread });
  }

  /** Sets when to tell the user of messages: `mentions` are those of the own id. */
  async setNotifications(setting: NotificationSetting): Promise<void> {
    const { notifications, mutedUntil } = checkObject(setting, "the setting");
    await this.#change({
      ...(notifications === undefined ? {} : { notifications }),
      ...(mutedUntil === undefined ? {} : { mutedUntil }),
    });
  }

  /** Sets the place in the list of conversations: −1 hidden, 0 normal, greater than 0 pinned. */
  async setPriority(priority: number): Promise<void> {
    await this.#change({ priority });
  }

  /** Writes to somebody of the room: see `client.communities.sendDirect`. */
  async sendDirect(
    to: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings = {},
  ): Promise<DirectSent> {
    return await this.world.sendDirect(this.live.server, to, content, settings);
  }

  /** Leaves the room, on all devices of the account. What waits for the app is not delivered any more. */
  async leave(): Promise<void> {
    await this.world.leave(this.live);
  }

  #checkRate(): void {
    const retryAfterMs = this.live.noPostsBefore - this.world.localTime();
    if (retryAfterMs <= 0) return;
    throw new SessionError("COMMUNITY_RATE_LIMITED", "the server asked for fewer messages", {
      details: { retryAfterMs, room: this.conversation },
    });
  }

  /** The server's wish to be left alone holds for what is sent later, too. */
  #refused(error: unknown): never {
    const wait = waitOf(error);
    if (wait > 0) this.live.noPostsBefore = this.world.localTime() + wait;
    throw error;
  }

  async #changeReaction(
    request: typeof addReaction | typeof removeReaction,
    message: RoomMessageTarget,
    emoji: string,
    options: AbortOptions,
  ): Promise<ReactionChange> {
    const id = messageIdOf(message);
    const change = await this.call(request(this.token, id, emoji), options);
    this.live.reacted(id, change.seqno);
    return change;
  }

  #name(): {
    readonly kind: "community";
    readonly id: string;
    readonly baseUrl: string;
    readonly room: string;
  } {
    const { server, token: room, conversation: id } = this.live;
    return { kind: "community", id, baseUrl: server.baseUrl, room };
  }

  async #change(change: SharedChange): Promise<void> {
    await changeSharedConversation(this.world, this.#name(), change);
  }
}
