/**
 * Asking for what is in a room.
 *
 * @module
 */
import {
  communityFileId,
  cutToSize,
  downloadFile,
  message as messageCall,
  messagesBefore,
  messagesSince,
  type PageOptions,
  type Reaction,
  type Reactor,
  reactors,
  recentMessages,
} from "../../communities/index.js";
import type { AbortOptions } from "../../errors/index.js";
import type { ReceivedRoomMessage, ReceivedRoomText, RoomAttachment } from "../received.js";
import { invalidArgument } from "../targets.js";
import { messageIdOf, RoomBase, type RoomMessageTarget } from "./room-base.js";
import { askedChanges, askedText, askedTexts } from "./room-content.js";

/** Changes of a room after another one. */
export interface RoomChanges {
  /** Oldest first. */
  readonly messages: readonly ReceivedRoomMessage[];
  /** Number of the last change, from which to go on. */
  readonly cursor: number;
  /** There may be more. */
  readonly more: boolean;
}

/** See the module's description. Nothing that is asked for is delivered as new. */
export abstract class RoomReading extends RoomBase {
  /** The reactions to a message, with the first who reacted. */
  async reactions(message: RoomMessageTarget, options: AbortOptions = {}): Promise<readonly Reaction[]> {
    const found = await this.call(messageCall(this.token, messageIdOf(message), { reactors: 20 }), options);
    return found.reactions;
  }

  /** Who reacted to a message with an emoji, first ones first. */
  async reactors(
    message: RoomMessageTarget,
    emoji: string,
    { limit, signal }: AbortOptions & { readonly limit?: number | undefined } = {},
  ): Promise<readonly Reactor[]> {
    return await this.call(reactors(this.token, messageIdOf(message), emoji, { limit }), { signal });
  }

  /**
   * One message.
   *
   * @throws `COMMUNITY_NOT_FOUND`, `COMMUNITY_BAD_SIGNATURE`, `MESSAGE_MALFORMED`, `COMMUNITY_REPLY_INVALID` if it is
   *   deleted or cannot be shown
   */
  async message(id: RoomMessageTarget, options: AbortOptions = {}): Promise<ReceivedRoomText> {
    return askedText(this.live, await this.call(messageCall(this.token, messageIdOf(id)), options));
  }

  /** The newest messages, newest first; what cannot be shown is left out. */
  async recent(options: AbortOptions & PageOptions = {}): Promise<readonly ReceivedRoomText[]> {
    return askedTexts(this.live, await this.call(recentMessages(this.token, options), options));
  }

  /** The messages before another one, newest first. */
  async before(
    message: RoomMessageTarget,
    options: AbortOptions & PageOptions = {},
  ): Promise<readonly ReceivedRoomText[]> {
    const call = messagesBefore(this.token, messageIdOf(message), options);
    return askedTexts(this.live, await this.call(call, options));
  }

  /** What changed after the change with the number `seqno`: messages, deletions and reactions. */
  async since(seqno: number, options: AbortOptions & PageOptions = {}): Promise<RoomChanges> {
    const page = await this.call(messagesSince(this.token, seqno, options), options);
    const { cursor = seqno, full: more } = page;
    return { messages: askedChanges(this.live, page), cursor, more };
  }

  /**
   * Fetches a file of a message. Nothing proves that it is what its sender uploaded: the server could give another one.
   *
   * @throws `COMMUNITY_NOT_FOUND` (expired: final), `INVALID_ARGUMENT` if it is no file of the room
   */
  async download(
    attachment: Pick<RoomAttachment, "url" | "size">,
    options: AbortOptions = {},
  ): Promise<Uint8Array> {
    const { url, size } = attachment ?? {};
    const id = communityFileId({ url, id: 0n });
    if (id === undefined) throw invalidArgument("the attachment is no file of a room");
    const { bytes } = await this.call(downloadFile(this.token, id), options);
    return cutToSize(bytes, { size });
  }
}
