/**
 * Messages from communities, as they lie in the inbox: rows of rooms, and direct messages that came through a server.
 *
 * @module
 */
import { base64ToBytes, bytesToUtf8, hexToBytes } from "../../bytes/index.js";
import { communityIdentity, decodeInboxItem, type ReadContext, readRow } from "../../communities/index.js";
import { isSessionError } from "../../errors/index.js";
import { type BlindedId, isSessionId, type SessionId } from "../../identity/index.js";
import type { InboxItem, Store } from "../../store/index.js";
import type { Deliverable } from "../received.js";
import type { MessageSource } from "../sources.js";
import type { Blinded } from "./blinded.js";
import { DIRECT_ITEM, type DirectItem, ROOM_ITEM, type RowItem } from "./intake.js";
import type { LiveRoom } from "./live-room.js";
import type { InboxText, RoomDeliverable } from "./messages.js";
import { roomContent } from "./room-content.js";
import type { CommunitiesWorld } from "./world.js";

/** What the sources work with. */
export interface SourcesWorld
  extends Pick<
    CommunitiesWorld,
    "account" | "self" | "contacts" | "clock" | "crypto" | "events" | "unsupported" | "store" | "log"
  > {
  /** The joined room with this place in the store. */
  readonly roomOf: (key: string) => LiveRoom | undefined;
  readonly blinded: Blinded;
}

/** Rows of rooms. */
export function roomSource(world: SourcesWorld): MessageSource {
  return {
    name: "community",
    placeOf: ({ room = "" }) => room,
    reads: ({ room, namespace }) => room !== undefined && namespace === ROOM_ITEM,
    async read(item) {
      const room = world.roomOf(item.room ?? "");
      // It was left.
      if (room === undefined) return undefined;
      return await readRoomItem(world, item, room);
    },
    identityOf: ({ hash }) => hash ?? "",
    // Polls know what they have seen (intake.ts).
    markReceived() {},
    async apply() {},
  };
}

/** Direct messages through community servers. */
export function inboxSource(world: SourcesWorld): MessageSource {
  return {
    name: "inbox",
    reads: ({ room, namespace }) => room !== undefined && namespace === DIRECT_ITEM,
    read: (item) => readDirectItem(world, item),
    identityOf: ({ hash }) => hash ?? "",
    markReceived() {},
    apply: (message: Deliverable, item) =>
      world.blinded.apply(message as InboxText, {
        baseUrl: item.room ?? "",
        publicKey: parse<DirectItem>(item)?.publicKey ?? "",
      }),
  };
}

async function readRoomItem(
  world: SourcesWorld,
  item: InboxItem,
  room: LiveRoom,
): Promise<RoomDeliverable | undefined> {
  const { events, unsupported, store } = world;
  const { conversation, token } = room;
  const { hash } = item;
  const stored = parse<RowItem>(item);
  const update = readRow(stored?.row, token, readContext(world, room));
  const place = { source: "community", conversation, hash } as const;
  switch (update.kind) {
    case "message":
      await unsupported.release(hash);
      if (await isGone(store, room, update.message.id)) {
        events.emit("dropped", { rule: "§6.7", reason: "deleted", hash });
        return undefined;
      }
      return { ...roomContent(room, update.message), ...place, ...kindOf(stored) };
    case "deleted":
      return { ...update, ...place, kind: "room-deletion" };
    case "reactions":
      return { ...update, ...place, kind: "room-reactions" };
    case "unsupported": {
      const { from, timestamp, data } = update;
      const expiration = { mode: "off", seconds: 0 } as const;
      const about = { from, timestamp, data, expiration, conversation };
      await unsupported.keep(item, { kind: "unsupported", reason: "unknown-type", ...about });
      return undefined;
    }
    case "dropped":
      events.emit("dropped", { rule: update.rule, reason: update.reason, hash });
      return undefined;
    case "invalid":
      events.emit("dropped", { rule: update.error.code, reason: update.error.message, hash });
      return undefined;
  }
}

function kindOf(
  stored: RowItem | undefined,
): { readonly kind: "text"; readonly history: boolean } | { readonly kind: "room-edit" } {
  return stored?.kind === "edit"
    ? { kind: "room-edit" }
    : { kind: "text", history: stored?.history === true };
}

/** A deletion came while the message waited. */
async function isGone(store: Store, room: LiveRoom, id: number): Promise<boolean> {
  return await store.gone(room.seenPlace, id);
}

function readContext(
  { account, contacts, clock, crypto, blinded }: SourcesWorld,
  room: LiveRoom,
): ReadContext {
  const { baseUrl, connection } = room.server;
  const { id } = communityIdentity(account, "15", connection.publicKey, crypto);
  const isBlocked = (from: string): boolean =>
    contacts.get(blinded.sessionIdOf(from) ?? from)?.blocked === true;
  return {
    crypto,
    baseUrl,
    ownIds: new Set<string>([id, account.sessionId]),
    validation: { isBlocked, now: clock.now() },
  };
}

async function readDirectItem(world: SourcesWorld, item: InboxItem): Promise<InboxText | undefined> {
  const { account, contacts, clock, crypto, events, unsupported, blinded } = world;
  const { hash, room: server = "" } = item;
  const stored = parse<DirectItem>(item);
  if (stored === undefined) {
    events.emit("dropped", { rule: "COMMUNITY_REPLY_INVALID", reason: "the item cannot be read", hash });
    return undefined;
  }
  const { publicKey, item: direct } = stored;
  const result = decodeInboxItem(
    { ...direct, message: base64ToBytes(direct.message) },
    {
      account,
      serverPublicKey: hexToBytes(publicKey),
      crypto,
      validation: { isBlocked: (from) => contacts.get(from)?.blocked === true, now: clock.now() },
    },
  );
  if (result.kind === "unsupported") {
    const { from, data } = result;
    const about = { from, data, timestamp: item.timestamp, conversation: from };
    const expiration = { mode: "off", seconds: 0 } as const;
    await unsupported.keep(item, { kind: "unsupported", reason: "unknown-type", expiration, ...about });
    return undefined;
  }
  if (result.kind !== "message") {
    const [rule, reason] =
      result.kind === "dropped" ? [result.rule, result.reason] : [result.error.code, result.error.message];
    events.emit("dropped", { rule, reason, hash });
    return undefined;
  }
  await unsupported.release(hash);
  const { sender, recipient, expiresAt: _until, ...text } = result.message;
  const blindedId = text.outgoing ? recipient : sender;
  const conversation = text.outgoing ? known(blinded, recipient) : text.from;
  return { ...text, kind: "text", source: "inbox", conversation, blindedId, server, hash };
}

function known(blinded: Blinded, recipient: BlindedId): SessionId | BlindedId {
  const id = blinded.sessionIdOf(recipient);
  return isSessionId(id) ? id : recipient;
}

/** What {@link takePage} put there; undefined for what is none of it. */
function parse<Value extends RowItem | DirectItem>({ data }: InboxItem): Value | undefined {
  try {
    const value: unknown = JSON.parse(bytesToUtf8(data));
    return typeof value === "object" && value !== null ? (value as Value) : undefined;
  } catch (error) {
    if (isSessionError(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
