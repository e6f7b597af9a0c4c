/**
 * Polling: everything new on a server, in one request however many rooms there are (docs/protocol/communities.md §10).
 *
 * @module
 */
import type { CommunityCall, Outcome } from "./call.js";
import { MAX_PAGE, messagesSince, type PageOptions, recentMessages } from "./calls-messages.js";
import { type Capabilities, capabilities, pollInfo, type RoomInfo, room } from "./calls-rooms.js";
import { replyInvalid } from "./errors.js";
import { type InboxPage, inbox, outbox } from "./inbox.js";
import type { RoomPage } from "./rows.js";
import type { CommunityCallOptions, CommunityServer } from "./server.js";

/** A room to poll, and what is known of it. */
export interface RoomPosition extends PageOptions {
  readonly token: string;
  /** `infoUpdates` of the room as it is known; without it the room's details are asked for. */
  readonly infoUpdates?: number | undefined;
  /** `cursor` of the last page; without it the newest messages are asked for. */
  readonly cursor?: number | undefined;
}

/** What to poll. */
export interface PollRequest {
  readonly rooms: readonly RoomPosition[];
  /** Direct messages after this id, or `all`; not asked for when left out. Blinded accounts only. */
  readonly inbox?: number | "all" | undefined;
  /** Own direct messages after this id, or `all`; not asked for when left out. */
  readonly outbox?: number | "all" | undefined;
}

/** What is new in a room. */
export interface PolledRoom {
  readonly token: string;
  readonly info: Outcome<RoomInfo>;
  readonly messages: Outcome<RoomPage>;
  /** The position for the next poll: as given where something failed. */
  readonly position: RoomPosition;
}

/** What is new on a server. One room that fails does not touch the others. */
export interface PollResult {
  readonly capabilities: Outcome<Capabilities>;
  readonly rooms: readonly PolledRoom[];
  readonly inbox?: Outcome<InboxPage> | undefined;
  readonly outbox?: Outcome<InboxPage> | undefined;
}

/**
 * Asks for everything new on a server: one request.
 *
 * A page that is `full` may not be all: go on with {@link catchUp} from the new position.
 */
export async function poll(
  server: CommunityServer,
  request: PollRequest,
  options: CommunityCallOptions = {},
): Promise<PollResult> {
  const boxes = [boxCall(inbox, request.inbox), boxCall(outbox, request.outbox)];
  const calls: readonly CommunityCall<unknown>[] = [
    capabilities(),
    ...request.rooms.flatMap((position) => [infoCall(position), messagesCall(position)]),
    ...boxes.flatMap((call) => (call === undefined ? [] : [call])),
  ];
  const outcomes = [...(await server.batch(calls, options))];
  const next = <Value>(): Outcome<Value> => outcomes.shift() as Outcome<Value>;

  const known = next<Capabilities>();
  if (known.ok) server.learn(known.value);
  const rooms = request.rooms.map((position): PolledRoom => {
    const info = next<RoomInfo>();
    const messages = next<RoomPage>();
    return { token: position.token, info, messages, position: advance(position, info, messages) };
  });
  const [inboxPage, outboxPage] = boxes.map((call) => (call === undefined ? undefined : next<InboxPage>()));
  return {
    capabilities: known,
    rooms,
    ...(inboxPage === undefined ? {} : { inbox: inboxPage }),
    ...(outboxPage === undefined ? {} : { outbox: outboxPage }),
  };
}

/**
 * All changes of a room after a cursor, page by page, until there are no more.
 *
 * @throws as `CommunityServer.run`; `COMMUNITY_REPLY_INVALID` when a server repeats itself for ever
 */
export async function* catchUp(
  server: CommunityServer,
  token: string,
  cursor: number,
  options: CommunityCallOptions & PageOptions = {},
): AsyncGenerator<RoomPage, void, undefined> {
  const { limit = MAX_PAGE, reactors } = options;
  for (let since = cursor; ; ) {
    const page = await server.run(messagesSince(token, since, { limit, reactors }), options);
    if (page.updates.length > 0) yield page;
    if (!page.full) return;
    if (page.cursor === undefined || page.cursor <= since)
      throw replyInvalid("the server gives the same changes again");
    since = page.cursor;
  }
}

function boxCall(
  call: typeof inbox,
  position: number | "all" | undefined,
): CommunityCall<InboxPage> | undefined {
  if (position === undefined) return undefined;
  return call(position === "all" ? {} : { since: position });
}

/** The room's own endpoint tells the same and the details, also of a room that never changed. */
function infoCall({ token, infoUpdates }: RoomPosition): CommunityCall<RoomInfo> {
  if (infoUpdates !== undefined) return pollInfo(token, infoUpdates);
  const call = room(token);
  return {
    request: call.request,
    read: (reply, context) => {
      const details = call.read(reply, context);
      return { ...details, details };
    },
  };
}

function messagesCall({ token, cursor, limit, reactors }: RoomPosition): CommunityCall<RoomPage> {
  const options = { limit, reactors };
  return cursor === undefined ? recentMessages(token, options) : messagesSince(token, cursor, options);
}

function advance(position: RoomPosition, info: Outcome<RoomInfo>, messages: Outcome<RoomPage>): RoomPosition {
  const infoUpdates = info.ok
    ? (info.value.details?.infoUpdates ?? position.infoUpdates)
    : position.infoUpdates;
  // A room without messages is followed from its beginning.
  const read = messages.ok ? (messages.value.cursor ?? position.cursor ?? 0) : position.cursor;
  const cursor = read === undefined ? undefined : Math.max(read, position.cursor ?? 0);
  return {
    ...position,
    ...(infoUpdates === undefined ? {} : { infoUpdates }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
