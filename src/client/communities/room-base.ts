/**
 * What all parts of a room's handle share: the room, its server, and the way to call it.
 *
 * @module
 */
import {
  type CommunityCall,
  type CommunityServer,
  type CommunityUserId,
  formatCommunityLink,
  type Room as RoomInfo,
  room as roomCall,
  type UserPermissions,
} from "../../communities/index.js";
import type { AbortOptions } from "../../errors/index.js";
import { whileOpen } from "../abort.js";
import type { MessageContent } from "../content.js";
import type { UploadSettings } from "../files.js";
import { invalidArgument } from "../targets.js";
import type { DirectSent } from "./direct.js";
import { takeInfo } from "./intake.js";
import type { LiveRoom } from "./live-room.js";
import type { LiveServer, ServerWorld } from "./live-server.js";

/** What the handles of rooms work with. */
export interface RoomWorld extends ServerWorld {
  readonly sendDirect: (
    server: LiveServer,
    to: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings,
  ) => Promise<DirectSent>;
  readonly leave: (room: LiveRoom) => Promise<void>;
}

/** A message of the room: one that was received or posted, or its id. */
export type RoomMessageTarget = number | { readonly id: number };

/** See the module's description. */
export abstract class RoomBase {
  /** @internal */
  protected readonly live: LiveRoom;
  /** @internal */
  protected readonly world: RoomWorld;

  /** @internal */
  constructor(world: RoomWorld, live: LiveRoom) {
    this.world = world;
    this.live = live;
  }

  /** What messages name the room by: its address without the key. */
  get conversation(): string {
    return this.live.conversation;
  }

  /** The room's name on its server, as links write it. */
  get token(): string {
    return this.live.token;
  }

  /** The link by which others join. */
  get link(): string {
    const { baseUrl, publicKey } = this.live.server;
    return formatCommunityLink({ baseUrl, publicKey, token: this.token });
  }

  /** The name to show; the token before the server has told it. */
  get name(): string {
    return this.info?.name ?? this.token;
  }

  /** The room as its server last described it: description, image, pins, roles, and what this account may do. */
  get info(): RoomInfo | undefined {
    return this.live.info;
  }

  /** The connection to the server, for calls of `session-messenger-sdk/communities`, alone or several in one request. */
  get server(): CommunityServer {
    return this.live.server.connection;
  }

  /** Who the account is here: the author that others see. @throws as calls do */
  async me({ signal }: AbortOptions = {}): Promise<CommunityUserId> {
    return await this.running(
      { signal },
      async (linked) => (await this.server.identity({ signal: linked })).id,
    );
  }

  /**
   * Performs a call of `session-messenger-sdk/communities`.
   *
   * @throws the server's answers (`COMMUNITY_…`), the codes of the network, `INVALID_ARGUMENT`, `ABORTED`, `CLOSED`; so do
   *   all methods of a room that ask the server
   */
  async call<Value>(call: CommunityCall<Value>, options: AbortOptions = {}): Promise<Value> {
    return await this.running(options, (signal) => this.server.run(call, { signal }));
  }

  /** Asks the server for the room's description. */
  async refresh(options: AbortOptions = {}): Promise<RoomInfo> {
    const details = await this.call(roomCall(this.token), options);
    const { change } = takeInfo(this.live, { ...details, details });
    // The next poll brings it to disk: nobody else writes the record of a room.
    this.live.info = details;
    if (change !== undefined) this.world.events.emit("room", change);
    return details;
  }

  /** @internal */
  protected running<Value>(
    options: AbortOptions,
    task: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    return whileOpen(this.world, options, task);
  }
}

/** The id of a message. @throws `INVALID_ARGUMENT` */
export function messageIdOf(target: RoomMessageTarget): number {
  const id = typeof target === "object" && target !== null ? target.id : target;
  if (Number.isSafeInteger(id) && id >= 0) return id;
  throw invalidArgument("the message is neither one of the room nor an id");
}

/** Nothing is set. */
export const NO_PERMISSIONS: UserPermissions = {
  banned: false,
  moderator: false,
  admin: false,
  hidden: false,
};
