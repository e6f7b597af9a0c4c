/**
 * Replies of recursive methods: one entry for each member of the swarm, verified (docs/protocol/swarm.md §5).
 *
 * ```
 * {"swarm": {"<ed25519 hex>": {…, "signature"} or {"failed": true, "timeout"?, "code"?, "reason"?, …}, …}, "t", "hf"}
 * ```
 *
 * A server answers 200 even if members failed, so every entry is looked at. An entry counts only if its node is a
 * member of the swarm and its signature covers what the entry says.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { replyInvalid, type SwarmErrorCode } from "./errors.js";
import { messageHash } from "./hash.js";
import {
  changedNodeText,
  deleteNodeText,
  expireNodeText,
  revokeNodeText,
  storeNodeText,
  verifyNodeSignature,
} from "./node-signatures.js";
import {
  isNodeKey,
  type JsonObject,
  member,
  readHash,
  readHashes,
  readInteger,
  readList,
  readOptionalInteger,
  readRecord,
  readSignature,
  readTimesByHash,
} from "./read.js";
import type { ReplyContext } from "./types.js";

/** Why a member's entry does not count. */
export interface MemberFailure {
  readonly reason:
    | "timeout"
    | "refused"
    | "bad-peer-response"
    | "query-failure"
    | "failed"
    | "malformed"
    | "bad-signature"
    | "not-a-member";
  /** Status that the member gave, with `refused`. */
  readonly code?: number | undefined;
}

/** What one member of the swarm did. */
export type MemberResult<Value> =
  | { readonly node: string; readonly ok: true; readonly value: Value }
  | { readonly node: string; readonly ok: false; readonly failure: MemberFailure };

/** What the swarm did. At least one member succeeded. */
export interface SwarmResult<Value> {
  /** In the order of the reply. */
  readonly swarm: readonly MemberResult<Value>[];
  /** True when every member in the reply succeeded. */
  readonly complete: boolean;
  /** Server time in ms, when told. */
  readonly time?: number | undefined;
}

/** What a member keeps after a `store`. */
export interface StoredEntry {
  readonly hash: string;
  /** When it expires there, ms; when told. */
  readonly expiry?: number | undefined;
  /** It was there before. */
  readonly already: boolean;
}

/** Hashes that a member deleted. */
export interface DeletedEntry {
  readonly deleted: readonly string[];
}

/** What a member did on `expire`: expiries by hash. */
export interface ExpiredEntry {
  readonly updated: ReadonlyMap<string, number>;
  /** Only with a mode: hashes whose expiry stays, and what it is. */
  readonly unchanged?: ReadonlyMap<string, number> | undefined;
}

/** Hashes whose expiry a member changed. */
export interface UpdatedEntry {
  readonly updated: readonly string[];
}

/** What a member did on (un)revoking. */
export interface RevokedEntry {
  /** How many tokens it removed, when told. */
  readonly count?: number | undefined;
}

/** `store`: the hash is computed here, not believed. */
export function parseStoreReply(
  body: unknown,
  request: { readonly pubkey: string; readonly namespace: number; readonly data: Uint8Array },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<StoredEntry> & { readonly hash: string } {
  const hash = messageHash(request.pubkey, request.namespace, request.data, crypto);
  const signed = storeNodeText(hash);
  const result = readMembers(body, context, crypto, (entry) => {
    if (readHash(member(entry, "hash"), "hash") !== hash) throw replyInvalid("the hash is another message's");
    const expiry = readOptionalInteger(member(entry, "expiry"), "expiry");
    // `true` from the node asked, 1 from the others.
    return { value: { hash, expiry, already: Boolean(member(entry, "already")) }, signed };
  });
  return { ...result, hash };
}

/** `delete`. */
export function parseDeleteReply(
  body: unknown,
  request: { readonly pubkey: string; readonly hashes: readonly string[] },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<DeletedEntry> {
  return readMembers(body, context, crypto, (entry) => {
    const deleted = readHashes(member(entry, "deleted"), "deleted");
    return { value: { deleted }, signed: deleteNodeText(request.pubkey, request.hashes, deleted) };
  });
}

/** `delete_all` with the request's timestamp, `delete_before` with its `before`. */
export function parseDeleteManyReply(
  body: unknown,
  request: { readonly pubkey: string; readonly time: number },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<DeletedEntry> {
  return readMembers(body, context, crypto, (entry) => {
    const deleted = readHashesOfNamespaces(member(entry, "deleted"), "deleted");
    return { value: { deleted }, signed: changedNodeText(request.pubkey, request.time, deleted) };
  });
}

/** `expire_all`. */
export function parseExpireAllReply(
  body: unknown,
  request: { readonly pubkey: string; readonly expiry: number },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<UpdatedEntry> {
  return readMembers(body, context, crypto, (entry) => {
    const updated = readHashesOfNamespaces(member(entry, "updated"), "updated");
    return { value: { updated }, signed: changedNodeText(request.pubkey, request.expiry, updated) };
  });
}

/** `expire`. */
export function parseExpireReply(
  body: unknown,
  request: { readonly pubkey: string; readonly hashes: readonly string[] },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<ExpiredEntry> {
  return readMembers(body, context, crypto, (entry) => {
    const updated = readHashes(member(entry, "updated"), "updated");
    const told = member(entry, "unchanged");
    const unchanged =
      told === undefined || told === null ? undefined : readTimesByHash(told, "unchanged hashes");
    const raw = member(entry, "expiry");
    const expiry = Array.isArray(raw)
      ? raw.map((time) => readInteger(time, "expiry"))
      : readInteger(raw, "expiry");
    if (typeof expiry !== "number" && expiry.length !== updated.length)
      throw replyInvalid("there is not one expiry for each updated hash");
    const times = updated.map((hash, index): [string, number] => [
      hash,
      typeof expiry === "number" ? expiry : (expiry[index] as number),
    ]);
    return {
      value: { updated: new Map(times), unchanged },
      signed: expireNodeText(request.pubkey, request.hashes, { expiry, updated, unchanged }),
    };
  });
}

/** `revoke_subaccount` and `unrevoke_subaccount`. */
export function parseRevokeReply(
  body: unknown,
  request: {
    readonly pubkey: string;
    readonly timestamp: number;
    readonly tokens: readonly Uint8Array[];
  },
  context: ReplyContext = {},
  crypto: Crypto = defaultCrypto,
): SwarmResult<RevokedEntry> {
  const signed = revokeNodeText(request.pubkey, request.timestamp, request.tokens);
  return readMembers(body, context, crypto, (entry) => ({
    value: { count: readOptionalInteger(member(entry, "count"), "count") },
    signed,
  }));
}

/** Reads one successful entry: its value, and the bytes its node must have signed. */
type ReadEntry<Value> = (entry: JsonObject) => { readonly value: Value; readonly signed: Uint8Array };

function readMembers<Value>(
  body: unknown,
  context: ReplyContext,
  crypto: Crypto,
  readEntry: ReadEntry<Value>,
): SwarmResult<Value> {
  const record = readRecord(body, "the body");
  const entries = Object.entries(readRecord(member(record, "swarm"), "the swarm"));
  const members = entries.map(([node, raw]) => readMember(node, raw, context, crypto, readEntry));
  if (!members.some(({ ok }) => ok)) {
    const failures = members.map((result) => (result.ok ? "" : result.failure.reason));
    throw new SessionError<SwarmErrorCode>("SWARM_ALL_FAILED", "no member of the swarm did what was asked", {
      details: { failures },
    });
  }
  const time = readOptionalInteger(member(record, "t"), "the server time");
  return { swarm: members, complete: members.every(({ ok }) => ok), time };
}

function readMember<Value>(
  node: string,
  raw: unknown,
  context: ReplyContext,
  crypto: Crypto,
  readEntry: ReadEntry<Value>,
): MemberResult<Value> {
  const failed = (reason: MemberFailure["reason"], code?: number): MemberResult<Value> => ({
    node,
    ok: false,
    failure: { reason, code },
  });
  try {
    if (!isNodeKey(node)) return failed("malformed");
    if (context.members !== undefined && !context.members.has(node)) return failed("not-a-member");
    const entry = readRecord(raw, "a member's entry");
    if (member(entry, "failed")) {
      if (member(entry, "timeout")) return failed("timeout");
      if (member(entry, "bad_peer_response")) return failed("bad-peer-response");
      if (member(entry, "query_failure")) return failed("query-failure");
      const code = statusText(member(entry, "code"));
      return code === undefined ? failed("failed") : failed("refused", code);
    }
    const { value, signed } = readEntry(entry);
    const signature = readSignature(member(entry, "signature"), "the signature");
    return verifyNodeSignature(node, signed, signature, crypto)
      ? { node, ok: true, value }
      : failed("bad-signature");
  } catch (error) {
    if (isSessionError(error, "SWARM_REPLY_INVALID")) return failed("malformed");
    throw error;
  }
}

/** A member's status comes as decimal text. */
function statusText(value: unknown): number | undefined {
  const text = String(typeof value === "number" || typeof value === "string" ? value : "");
  return /^\d{3}$/.test(text) ? Number(text) : undefined;
}

/** A list of hashes, or such lists by namespace. */
function readHashesOfNamespaces(value: unknown, what: string): string[] {
  if (Array.isArray(value)) return readHashes(value, what);
  return Object.values(readRecord(value, what)).flatMap((hashes) => readHashes(readList(hashes, what), what));
}
