import { type AbortOptions, isSessionError, throwIfAborted } from "../errors/index.js";
import type { Attachment } from "../files/index.js";
import { type Account, type GroupId, isGroupId, type SessionId } from "../identity/index.js";
import type { Profile } from "../messages/index.js";
import type { Network } from "../network/index.js";
import { resolveName } from "../swarm/index.js";
import type { AccountSettings } from "./account-settings.js";
import { type Assembly, assemble, closeAssembly, pollAndDeliver } from "./assemble.js";
import type { Calls } from "./calls.js";
import { isRoomMessage } from "./communities/addresses.js";
import type { Communities } from "./communities/communities.js";
import type { Contacts, ProfileChanges } from "./contacts.js";
import type { MessageContent } from "./content.js";
import type { Conversations } from "./conversations.js";
import { deleteLocally, type UnsendResult, unsend } from "./deleting.js";
import { closedError } from "./errors.js";
import type { ClientEvents, Handler, PollReport } from "./events.js";
import type { DownloadSettings, UploadSettings } from "./files.js";
import type { Groups } from "./groups/groups.js";
import { type DisappearingSetting, notifyExtraction, setDisappearing } from "./notices.js";
import type { ClientOptions } from "./open.js";
import type { OwnProfile } from "./own-profile.js";
import type { ClientParts } from "./parts.js";
import { markRead, markSharedRead, type ReadMessages, type ReadResult } from "./reading.js";
import type { ReceivedText, RoomAttachment } from "./received.js";
import { sendToPerson } from "./sending.js";
import { invalidArgument, isGroupMessage, type MessageTarget } from "./targets.js";
import { orAborted } from "./timers.js";
import type { SendResult, Sent } from "./transmit.js";
import type { Typing } from "./typing.js";

/** Which texts an iterator gives, and until when. */
export interface StreamOptions extends AbortOptions {
  /** A person, a group, or a room; all of them when left out. */
  readonly conversation?: string | undefined;
}

/**
 * One account. Made by {@link Client.open}.
 *
 * **Delivery is at least once.** A message is marked as seen only when every handler of its event has finished (an
 * asynchronous one is awaited) and every iterator has been asked for the next message. A crash before that, or a
 * handler that throws, means that it comes again: make handlers idempotent by `message.hash`, or by `message.from` with
 * `message.timestamp`.
 */
export class Client {
  readonly #assembly: Assembly;
  #closing: Promise<void> | undefined;

  private constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  /**
   * Opens a client. No request is made before one is needed.
   *
   * @throws the codes of the store (`STORE_LOCKED`, `STORE_WRONG_ACCOUNT`, …), `INVALID_ARGUMENT`
   */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(await assemble(options));
  }

  /** The account, with its secrets. */
  get account(): Account {
    return this.#assembly.account;
  }

  get sessionId(): SessionId {
    return this.#assembly.account.sessionId;
  }

  /** The network: its events tell about paths, nodes and requests. */
  get network(): Network {
    return this.#assembly.network;
  }

  /** Name and picture of the own account. */
  get profile(): OwnProfile {
    return this.#open().profile;
  }

  /** Where conversations stand, and how they are shown. */
  get conversations(): Conversations {
    return this.#open().conversations;
  }

  /** What the account's devices share about it, besides name and picture. */
  get settings(): AccountSettings {
    return this.#open().settings;
  }

  /** People, and who accepts whom. */
  get contacts(): Contacts {
    return this.#open().contacts;
  }

  /** Telling that one types. */
  get typing(): Typing {
    return this.#open().typing;
  }

  /** Closed groups. */
  get groups(): Groups {
    return this.#open().groups.groups;
  }

  /** Rooms of community servers. */
  get communities(): Communities {
    return this.#open().communities.communities;
  }

  /** Signalling of calls. */
  get call(): Calls {
    return this.#open().call;
  }

  /**
   * Sends a message, and a copy for the account's other devices. To the own id: a note to self, which is that copy alone.
   * To write to somebody is to accept their request. To a group (03…) or a room (the address in `message.conversation`): to
   * all of its members.
   *
   * Files are uploaded first, once for all who get them. Then the message is on disk before the network sees it, so a
   * crash from then on does not lose it: the next client on the store sends it, with the same timestamp. When this rejects, it will not be sent again, except with `CLOSED`, where it
   * waits for the next client. After `ABORTED`, or a time-out behind `SEND_FAILED`, it may have arrived all the same.
   *
   * @returns once the recipient's swarm has it and the copy was tried; calls may run at the same time, each message
   *   gets a timestamp of its own
   * @throws `ID_INVALID`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `MESSAGE_TOO_MANY_ATTACHMENTS`, `FILE_EMPTY`,
   *   `FILE_TOO_LARGE`, `FILE_SERVER_UNKNOWN`, `INVALID_ARGUMENT`, `CONTACT_BLOCKED` (nothing was sent), other codes of
   *   the file server (`FILE_…`), `SEND_FAILED`, `ABORTED`, `CLOSED`, `STORE_FAILED`
   */
  async send(
    to: SessionId | GroupId,
    content: MessageContent,
    settings?: AbortOptions & UploadSettings,
  ): Promise<SendResult>;
  async send(to: string, content: MessageContent, settings?: AbortOptions & UploadSettings): Promise<Sent>;
  async send(
    to: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings = {},
  ): Promise<Sent> {
    const { world, communities, groups } = this.#open();
    if (isGroupId(to)) return groups.groups.send(to, content, settings);
    if (groups.legacy.groups.routes(to)) return groups.legacy.groups.send(to, content, settings);
    if (communities.communities.routes(to)) return communities.communities.send(to, content, settings);
    return sendToPerson(world, this.#assembly.files, to, content, settings);
  }

  /**
   * Fetches the file of a received message. All of it is verified before any of it is returned.
   *
   * @throws `FILE_NOT_FOUND` (expired: final), `FILE_TOO_LARGE`, `FILE_CORRUPT`, other codes of the room `files`, those of
   *   the network, `ABORTED`, `CLOSED`
   */
  async download(
    attachment: Attachment | RoomAttachment,
    settings: DownloadSettings = {},
  ): Promise<Uint8Array> {
    const { communities } = this.#open();
    if (typeof attachment === "object" && attachment !== null && "room" in attachment) {
      return communities.communities.require(attachment.room).download(attachment, settings);
    }
    return this.#assembly.files.download(attachment, settings);
  }

  /** Fetches the picture of a profile, a member or a group. Errors as {@link download}; `INVALID_ARGUMENT` if it has none. */
  async downloadAvatar(
    { picture }: Partial<Profile> = {},
    settings: DownloadSettings = {},
  ): Promise<Uint8Array> {
    this.#open();
    return this.#assembly.files.downloadAvatar(picture, settings);
  }

  /** Uploads a picture of the own account; it goes with the next messages. Errors as those of files in {@link send}. */
  async setAvatar(image: Uint8Array, settings: AbortOptions & UploadSettings = {}): Promise<Profile> {
    const { contacts } = this.#open();
    return contacts.setProfile({ picture: await this.#assembly.files.uploadAvatar(image, settings) });
  }

  /**
   * Reacts to a message with an emoji. At most 20 in a minute, as the apps do.
   *
   * @throws as {@link send}; `RATE_LIMITED`
   */
  async react(message: MessageTarget, emoji: string, options: AbortOptions = {}): Promise<Sent> {
    const { communities, reactions } = this.#open();
    const { communities: rooms } = communities;
    if (isRoomMessage(message)) return rooms.react(message, emoji, "add", options);
    return reactions.send(message, emoji, "add", options);
  }

  /** Takes a reaction back. */
  async unreact(message: MessageTarget, emoji: string, options: AbortOptions = {}): Promise<Sent> {
    const { communities, reactions } = this.#open();
    const { communities: rooms } = communities;
    if (isRoomMessage(message)) return rooms.react(message, emoji, "remove", options);
    return reactions.send(message, emoji, "remove", options);
  }

  /**
   * Marks messages of others as read: all of a conversation up to a sent time, or those named. Those that disappear after
   * reading begin to; the authors are told if `receipts` is on and they are accepted.
   */
  async markRead(conversation: string, read: ReadMessages, options: AbortOptions = {}): Promise<ReadResult> {
    const { world, disappearing, communities } = this.#open();
    const isShared = isGroupId(conversation) || communities.communities.routes(conversation);
    if (isShared) return markSharedRead(world, conversation, read);
    return markRead(world, conversation, read, disappearing, options);
  }

  /** Deletes an own message for everyone: asks the other party and the own devices, and deletes the copy in the own swarm. */
  async unsend(message: MessageTarget, options: AbortOptions = {}): Promise<UnsendResult> {
    const { communities, groups, world } = this.#open();
    if (isRoomMessage(message)) return communities.communities.unsend(message, options);
    if (isGroupMessage(message)) return groups.groups.unsend(message, options);
    return unsend(world, message, options);
  }

  /** Deletes a message on this device: it does not come again, and nothing refers to it any more. */
  async deleteLocally(message: MessageTarget): Promise<void> {
    await deleteLocally(this.#open().world, message);
  }

  /** Accepts a message request: see `contacts.accept`. */
  async acceptRequest(id: string, options: AbortOptions = {}): Promise<SendResult | undefined> {
    return this.#open().contacts.accept(id, options);
  }

  /** Blocks a person: see `contacts.block`. */
  async block(id: string): Promise<void> {
    await this.#open().contacts.block(id);
  }

  async unblock(id: string): Promise<void> {
    await this.#open().contacts.unblock(id);
  }

  /** Changes when own messages to `to` disappear. The other party has a setting of its own, and is told of this one. */
  async setDisappearing(
    to: string,
    setting: DisappearingSetting,
    options: AbortOptions = {},
  ): Promise<SendResult> {
    const { world, groups } = this.#open();
    if (groups.legacy.groups.routes(to))
      throw invalidArgument("the timer of a legacy group is set when it is created");
    return setDisappearing(world, to, setting, options);
  }

  /** Tells the other party that the screen was recorded; `undefined` if they are not accepted, so that nothing is sent. */
  async notifyScreenshot(conversation: string, options: AbortOptions = {}): Promise<SendResult | undefined> {
    return notifyExtraction(this.#open().world, "screenshot", conversation, options);
  }

  /** Tells the author of a message that its media was saved; `undefined` if they are not accepted. */
  async notifyMediaSaved(
    message: MessageTarget,
    options: AbortOptions = {},
  ): Promise<SendResult | undefined> {
    return notifyExtraction(this.#open().world, "media-saved", message, options);
  }

  /** Changes the own name or picture: they go with the next messages. */
  async setProfile(changes: ProfileChanges): Promise<Profile> {
    return this.#open().contacts.setProfile(changes);
  }

  /** Name and picture of a person, or (without `id`) of the own account. */
  getProfile(id: string = this.sessionId): Profile | undefined {
    return this.#open().contacts.profile(id);
  }

  /**
   * Calls `handler` for each event. Events that carry messages (`message` for texts, and the other kinds by name) wait
   * for their handlers, one message after the other; polling goes on meanwhile. If a handler throws, `error` tells, the
   * next message follows, and this one comes again to that handler: at the next poll, then in growing intervals, five
   * times in all before it rests until the store is opened anew. Do not `await` this client's `poll` or `close` inside
   * a message handler: both wait for it.
   *
   * The client polls while somebody takes messages.
   *
   * @returns a function that takes the handler off again
   * @throws `CLOSED`
   */
  on<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): () => void {
    this.#open().subscriptions.on(name, handler);
    return () => this.off(name, handler);
  }

  /** Takes a handler off. */
  off<Name extends keyof ClientEvents>(name: Name, handler: Handler<ClientEvents[Name]>): void {
    this.#assembly.parts.subscriptions.off(name, handler);
  }

  /**
   * The texts, as an iterator: the same, in the same order, as `message` tells. It takes part from this call on, so read
   * it: it holds 16 messages, then delivery (also to handlers) waits for it, and later nothing more is retrieved.
   *
   * A message counts as seen when the next one is asked for, or the loop is left, by `break` or by an error of the app.
   * The iterator ends without an error when `signal` aborts and when the client closes.
   *
   * @param options - `conversation`: only the texts of this one
   * @throws `CLOSED`
   */
  messages({ signal, conversation }: StreamOptions = {}): AsyncIterableIterator<ReceivedText, undefined> {
    return this.#open().subscriptions.stream(signal, conversation);
  }

  /**
   * Polls now: the own swarm, groups, and community servers. Resolves when what was found is processed: handlers are
   * done, iterators have it (or are full). Of groups and communities that fail, `error` tells.
   *
   * @throws `POLL_FAILED`, `ABORTED`, `CLOSED`
   */
  async poll({ signal }: AbortOptions = {}): Promise<PollReport> {
    this.#open();
    throwIfAborted(signal);
    try {
      return await orAborted(pollAndDeliver(this.#assembly.parts), signal);
    } catch (error) {
      if (this.#closing !== undefined && isSessionError(error, "ABORTED", "CLOSED")) throw closedError();
      throw error;
    }
  }

  /**
   * Makes this device and the swarms of the account and its groups agree: polls, then pushes what was changed here, as
   * happens by itself too.
   *
   * @throws `POLL_FAILED`, `CONFIG_PUSH_FAILED`, `GROUP_PUSH_FAILED`, `ABORTED`, `CLOSED`
   */
  async sync({ signal }: AbortOptions = {}): Promise<PollReport> {
    const report = await this.poll({ signal });
    const { sync, groups } = this.#open();
    await orAborted(groups.flush(), signal);
    await orAborted(sync?.flush() ?? Promise.resolve(), signal);
    return report;
  }

  /**
   * The Session ID behind a registered name.
   *
   * @throws `NAME_INVALID`, `SWARM_NAME_NOT_REGISTERED`, `SWARM_NAME_UNRESOLVED`, `ABORTED`, `CLOSED`
   */
  async resolveName(name: string, { signal }: AbortOptions = {}): Promise<SessionId> {
    this.#open();
    return resolveName(this.#assembly.swarms, name, { signal });
  }

  /**
   * Closes the client: nothing new begins, running sends and handlers may finish within `closeTimeoutMs`, iterators end,
   * then store and network are closed if the client opened them. What was not finished is done by the next client on the
   * same store. Leave the loop over an iterator before closing: the message in its body is not seen until then. Closing
   * twice is fine.
   */
  close(): Promise<void> {
    this.#closing ??= closeAssembly(this.#assembly);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The parts of a client that is not closed. */
  #open(): ClientParts {
    if (this.#closing !== undefined) throw closedError();
    return this.#assembly.parts;
  }
}
