/**
 * `client.communities`: rooms of community servers (docs/protocol/communities.md), the same on all devices of the account.
 *
 * @module
 */
import {
  type Capabilities,
  type CommunityAddress,
  type CommunityServer,
  capabilities as capabilitiesCall,
  type Room as RoomInfo,
  rooms as roomsCall,
} from "../../communities/index.js";
import { type AbortOptions, SessionError } from "../../errors/index.js";
import { isBlindedId, type SessionId } from "../../identity/index.js";
import { whileOpen } from "../abort.js";
import type { MessageContent } from "../content.js";
import type { UnsendResult } from "../deleting.js";
import type { ClientErrorCode } from "../errors.js";
import type { UploadSettings } from "../files.js";
import type { Sent } from "../transmit.js";
import { isRoomAddress, type RoomMessageName } from "./addresses.js";
import type { DirectSent } from "./direct.js";
import type { Directory } from "./directory.js";
import type { Room, RoomSendResult } from "./room.js";

/** How to join a room. */
export interface JoinOptions extends AbortOptions {
  /**
   * Deliver the newest messages that are there already, with `history: true`. Default: true; on other devices of the
   * account, always.
   */
  readonly history?: boolean | undefined;
}

/** How to reach a server that the account need not have joined. */
export interface ServerOptions extends AbortOptions {
  /** Ask without showing who asks: only what everybody may know is told then. Default: false. */
  readonly anonymous?: boolean | undefined;
}

/** See the module's description. */
export class Communities {
  readonly #directory: Directory;

  /** @internal */
  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /**
   * Joins a room, on all devices of the account; a room that is joined already, under whatever form of its address, is
   * given back without asking anybody.
   *
   * @param link - `http(s)://host[:port]/[r/]room?public_key=…`, as the apps share it; also `message.invitation.url`
   * @throws `COMMUNITY_LINK_INVALID`, `COMMUNITY_KEY_CHANGED`, `COMMUNITY_NOT_FOUND`, other answers of the server, the codes
   *   of the network, `ABORTED`, `CLOSED`, `STORE_FAILED`; nothing is joined then
   */
  async join(link: string, options: JoinOptions = {}): Promise<Room> {
    return await this.#directory.join(link, options);
  }

  /** Leaves a room, on all devices of the account; false if it was not joined. Errors as {@link Communities.get}. */
  async leave(room: string | Room): Promise<boolean> {
    const joined = this.get(typeof room === "string" ? room : room?.conversation);
    await joined?.leave();
    return joined !== undefined;
  }

  /** The joined rooms, in the order of their addresses. */
  list(): readonly Room[] {
    return this.#directory.list();
  }

  /**
   * A joined room, by the address in `message.conversation` or by a link.
   *
   * @throws `COMMUNITY_LINK_INVALID` for what is neither
   */
  get(address: string): Room | undefined {
    return this.#directory.get(address);
  }

  /**
   * The connection to a server, for calls of `session-messenger-sdk/communities`, alone or several in one request. Of a
   * server with joined rooms it is the one that polls.
   *
   * @param server - a link to any of its rooms, its address and key, or the address of a server with joined rooms
   * @throws `COMMUNITY_LINK_INVALID`, `COMMUNITY_KEY_CHANGED`
   */
  server(server: string | CommunityAddress, options: Pick<ServerOptions, "anonymous"> = {}): CommunityServer {
    return this.#directory.connection(server, options);
  }

  /** What a server can do. Errors as {@link Communities.join}. */
  async capabilities(
    server: string | CommunityAddress,
    { signal, anonymous = true }: ServerOptions = {},
  ): Promise<Capabilities> {
    const connection = this.server(server, { anonymous });
    return await whileOpen(this.#directory.world, { signal }, (linked) =>
      connection.run(capabilitiesCall(), { signal: linked }),
    );
  }

  /** The rooms of a server; without showing who asks unless `anonymous` is false. Errors as {@link Communities.join}. */
  async rooms(
    server: string | CommunityAddress,
    { signal, anonymous = true }: ServerOptions = {},
  ): Promise<readonly RoomInfo[]> {
    const connection = this.server(server, { anonymous });
    return await whileOpen(this.#directory.world, { signal }, (linked) =>
      connection.run(roomsCall(), { signal: linked }),
    );
  }

  /**
   * Writes to somebody whose blinded id is all that is known: for the first contact. Once their Session ID is known (they
   * answer, or become a contact) `identified` tells, the conversation goes on under it, and this sends through the swarm.
   * Files go encrypted to the file server.
   *
   * @param server - as of {@link Communities.server}
   * @throws `ID_INVALID`, `INVALID_ARGUMENT` without a text, those of `Room.send`; `COMMUNITY_NOT_FOUND` for users that the
   *   server does not know
   */
  async sendDirect(
    server: string | CommunityAddress,
    to: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings = {},
  ): Promise<DirectSent> {
    const { world } = this.#directory;
    return await world.sendDirect(this.#directory.liveServer(server), to, content, settings);
  }

  /** Whose blinded id it is, as far as this device knows. */
  sessionIdOf(blindedId: string): SessionId | undefined {
    return this.#directory.world.sessionIdOf(blindedId);
  }

  /** @internal True for what names a room, or somebody by a blinded id. */
  routes(conversation: unknown): conversation is string {
    return isRoomAddress(conversation) || isBlindedId(conversation);
  }

  /** @internal Writes where a conversation is. @throws `ROOM_NOT_JOINED`, `CONVERSATION_UNKNOWN` */
  async send(
    conversation: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings,
  ): Promise<RoomSendResult | DirectSent> {
    if (isRoomAddress(conversation)) return await this.require(conversation).send(content, settings);
    const { world } = this.#directory;
    const place = world.blinded.placeOf(conversation);
    if (place !== undefined)
      return await world.sendDirect(this.#directory.liveServer(place), conversation, content, settings);
    throw new SessionError<ClientErrorCode>(
      "CONVERSATION_UNKNOWN",
      "it is not known on which server they are",
      {
        details: { id: conversation },
      },
    );
  }

  /** @internal See `Client.react` and `Client.unreact`. */
  async react(
    message: RoomMessageName,
    emoji: string,
    action: "add" | "remove",
    options: AbortOptions,
  ): Promise<Sent> {
    const { conversation: to, id, timestamp } = message;
    const room = this.require(to);
    const { seqno } =
      action === "add" ? await room.react(id, emoji, options) : await room.unreact(id, emoji, options);
    return { to, hash: `${room.conversation}#${id}.${seqno}`, timestamp };
  }

  /** @internal See `Client.unsend`. */
  async unsend(
    { conversation: to, id, timestamp }: RoomMessageName,
    options: AbortOptions,
  ): Promise<UnsendResult> {
    const room = this.require(to);
    const deleted = await room.delete(id, options);
    return { to, hash: `${room.conversation}#${id}`, timestamp, deleted };
  }

  /** @internal @throws `ROOM_NOT_JOINED`, `COMMUNITY_LINK_INVALID` */
  require(address: string): Room {
    const room = this.get(address);
    if (room !== undefined) return room;
    throw new SessionError<ClientErrorCode>("ROOM_NOT_JOINED", "the account has not joined the room");
  }
}
