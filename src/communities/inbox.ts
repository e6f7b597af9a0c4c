/**
 * Direct messages to blinded ids (docs/protocol/communities.md §11): for the first contact, until the Session ID of the
 * other is known. The encryption is that of the messages room.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, type SessionError } from "../errors/index.js";
import { type BlindedId, isBlindedId, type SessionId } from "../identity/index.js";
import {
  type DecryptedMessage,
  decryptFromBlinded,
  type RuleId,
  type RuleReason,
  type ValidationContext,
} from "../messages/index.js";
import { type CommunityCall, type CommunityReply, replyJson } from "./call.js";
import { type CommunityText, decodeCommunityContent } from "./content.js";
import { invalidArgument, replyInvalid } from "./errors.js";
import type { CommunityAccount } from "./identity.js";
import { numberSegment, withQuery } from "./path.js";
import { member, readBase64, readInteger, readList, readRecord, readTime } from "./read.js";

/** Rows that servers give at once when nothing else is said. */
const DEFAULT_LIMIT = 100;

/** An item of an inbox or outbox, still encrypted. */
export interface InboxItem {
  readonly id: number;
  readonly sender: BlindedId;
  readonly recipient: BlindedId;
  /** Time of posting by the server's clock, unix milliseconds. */
  readonly timestamp: number;
  /** When the server forgets it, unix milliseconds. */
  readonly expiresAt: number;
  readonly message: Uint8Array;
}

/** Items of one reply. */
export interface InboxPage {
  /** Oldest first. Items that are none are left out. */
  readonly items: readonly InboxItem[];
  /** Highest id in the page; `undefined` without any. */
  readonly cursor?: number | undefined;
  readonly full: boolean;
}

/** A direct message whose sender is proven. */
export interface InboxMessage extends CommunityText {
  readonly id: number;
  /** The account that wrote it: with this the conversation can go on outside of the community. */
  readonly from: SessionId;
  readonly sender: BlindedId;
  readonly recipient: BlindedId;
  /** From the outbox: the own account wrote it. */
  readonly outgoing: boolean;
  readonly timestamp: number;
  readonly expiresAt: number;
}

/** What became of an item. */
export type InboxResult =
  | { readonly kind: "message"; readonly message: InboxMessage }
  | { readonly kind: "dropped"; readonly id: number; readonly rule: RuleId; readonly reason: RuleReason }
  | { readonly kind: "unsupported"; readonly id: number; readonly from: SessionId; readonly data: Uint8Array }
  /** It does not open, its sender is not who the server says, or its content cannot be read. */
  | { readonly kind: "invalid"; readonly id: number; readonly error: SessionError };

/** Who reads an item. */
export interface InboxContext {
  readonly account: CommunityAccount;
  /** 32 bytes. */
  readonly serverPublicKey: Uint8Array;
  readonly validation: ValidationContext;
  readonly crypto?: Crypto | undefined;
}

/** Which part of a box to read. */
export interface InboxOptions {
  /** Only items after this id. */
  readonly since?: number | undefined;
  /** 1 to 256; 100 when left out. */
  readonly limit?: number | undefined;
}

/** Received direct messages. Needs a blinded account. */
export function inbox(options: InboxOptions = {}): CommunityCall<InboxPage> {
  return box("/inbox", options);
}

/** Sent direct messages, also of other devices. Needs a blinded account. */
export function outbox(options: InboxOptions = {}): CommunityCall<InboxPage> {
  return box("/outbox", options);
}

/** Deletes all received direct messages; how many there were. */
export function clearInbox(): CommunityCall<number> {
  return {
    request: { method: "DELETE", path: "/inbox" },
    read: (reply) => readInteger(member(readRecord(replyJson(reply), "the reply"), "deleted"), "the number"),
  };
}

/**
 * Leaves an encrypted message in the inbox of a blinded id. `COMMUNITY_NOT_FOUND` for users that the server does not
 * know, or has banned.
 */
export function postToInbox(
  recipient: BlindedId,
  encrypted: Uint8Array,
): CommunityCall<Omit<InboxItem, "message">> {
  if (!isBlindedId(recipient)) throw invalidArgument("inboxes belong to blinded ids");
  const value = { message: bytesToBase64(encrypted) };
  return {
    request: { method: "POST", path: `/inbox/${recipient}`, body: { kind: "json", value } },
    read: (reply) => readHead(replyJson(reply)),
  };
}

/**
 * Opens an item, as its recipient or as its sender. The message is still padded.
 *
 * @throws `MESSAGE_MALFORMED`, `MESSAGE_DECRYPT_FAILED`, `MESSAGE_BAD_SIGNATURE`, `MESSAGE_INVALID_KEY`
 */
export function openInboxItem(
  item: Pick<InboxItem, "sender" | "recipient" | "message">,
  { account, serverPublicKey, crypto = defaultCrypto }: Omit<InboxContext, "validation">,
): DecryptedMessage {
  const { sender, recipient } = item;
  return decryptFromBlinded(item.message, { account, sender, recipient, serverPublicKey, crypto });
}

/** Opens an item and reads its content. Never throws for what a server can send. */
export function decodeInboxItem(item: InboxItem, context: InboxContext): InboxResult {
  const { id, sender, recipient, timestamp, expiresAt } = item;
  try {
    const { message, sender: from } = openInboxItem(item, context);
    const outgoing = from === context.account.sessionId;
    const content = decodeCommunityContent(
      message,
      {
        source: "inbox",
        from,
        fromSelf: outgoing,
        conversation: outgoing ? recipient : from,
        postedAt: timestamp,
      },
      context.validation,
    );
    if (content.kind === "dropped")
      return { kind: "dropped", id, rule: content.rule, reason: content.reason };
    if (content.kind === "unsupported") return { kind: "unsupported", id, from, data: message };
    return {
      kind: "message",
      message: { id, from, sender, recipient, outgoing, timestamp, expiresAt, ...content.text },
    };
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return { kind: "invalid", id, error };
  }
}

function box(path: string, { since, limit }: InboxOptions): CommunityCall<InboxPage> {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw invalidArgument("a limit is a positive number", { limit });
  const full = since === undefined ? path : `${path}/since/${numberSegment(since, "an item's id")}`;
  return {
    request: { method: "GET", path: withQuery(full, { limit }) },
    // Nothing new.
    accepts: [304],
    read: (reply) => readPage(reply, limit ?? DEFAULT_LIMIT),
  };
}

function readPage(reply: CommunityReply, limit: number): InboxPage {
  if (reply.status === 304) return { items: [], full: false };
  const rows = readList(replyJson(reply), "the items");
  const items = rows.flatMap((row) => {
    try {
      const message = readBase64(member(readRecord(row, "an item"), "message"), "an item's message");
      return [{ ...readHead(row), message }];
    } catch (error) {
      if (isSessionError(error)) return [];
      throw error;
    }
  });
  // Those that cannot be read count here, or they would be fetched again for ever.
  const cursor = rows.reduce<number | undefined>((max, row) => Math.max(max ?? 0, idOf(row)), undefined);
  return { items, ...(cursor === undefined ? {} : { cursor }), full: rows.length >= limit };
}

function idOf(row: unknown): number {
  const id = (row as { readonly id?: unknown } | null)?.id;
  return typeof id === "number" && Number.isSafeInteger(id) ? id : 0;
}

function readHead(value: unknown): Omit<InboxItem, "message"> {
  const record = readRecord(value, "an item");
  return {
    id: readInteger(member(record, "id"), "an item's id"),
    sender: readBlindedId(member(record, "sender")),
    recipient: readBlindedId(member(record, "recipient")),
    timestamp: readTime(member(record, "posted_at"), "the time of posting"),
    expiresAt: readTime(member(record, "expires_at"), "the time of expiry"),
  };
}

function readBlindedId(value: unknown): BlindedId {
  if (isBlindedId(value)) return value;
  throw replyInvalid("a party of a direct message is no blinded id");
}
