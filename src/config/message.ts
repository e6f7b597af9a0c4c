/**
 * A config message in plain form (docs/protocol/config.md §3, §4):
 *
 * ```text
 * d 1:# seqno   1:& data   1:< l(l seqno hash diff e)*e   1:= diff   [1:~ 64:signature] e
 *               earlier changes that are still merged      its own change
 * ```
 *
 * Keys of newer versions may stand between the known ones and are kept. A message is known by its sequence number and the
 * BLAKE2b hash of its bytes, signature included.
 *
 * @module
 */
import { binaryStringToBytes, bytesToBinaryString, concatBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import { type ConfigDict, EMPTY_DICT, pruned, sortedEntries } from "./data.js";
import { type ConfigDiff, diffDicts, readDiff, writeDiff } from "./diff.js";
import type { ConfigErrorCode } from "./errors.js";
import { LAG, MAX_INT64 } from "./limits.js";
import { ConfigReader, malformed } from "./read.js";
import { writeDict, writeInteger, writeString } from "./write.js";

/** The change of an earlier message. */
export interface LaggedDiff {
  readonly seqno: bigint;
  /** Hash of that message, a binary string of 32 bytes. */
  readonly hash: string;
  readonly diff: ConfigDiff;
}

/** A message that was read or finished. */
export interface ConfigMessage {
  readonly seqno: bigint;
  readonly data: ConfigDict;
  /** In ascending order of (seqno, hash). */
  readonly lagged: readonly LaggedDiff[];
  readonly diff: ConfigDiff;
  /** Keys of the outermost dict that this version does not know, with their values as they stand. */
  readonly unknown: ReadonlyMap<string, string>;
  /** The message as it stands. */
  readonly bytes: Uint8Array;
  /** Hash of `bytes`, a binary string of 32 bytes. */
  readonly hash: string;
  readonly signed: boolean;
}

/** A received version, and the storage hashes of what it came in. */
export interface Candidate {
  readonly message: ConfigMessage;
  readonly hashes: readonly string[];
}

/** A message being written. */
export interface ConfigDraft {
  readonly seqno: bigint;
  readonly data: ConfigDict;
  /** What `data` is compared with to find this message's own change. */
  readonly origin: ConfigDict;
  readonly lagged: readonly LaggedDiff[];
  readonly unknown: ReadonlyMap<string, string>;
}

/** 64-byte signature of a message's body. */
export type ConfigSign = (body: Uint8Array) => Uint8Array;
/** Whether a signature fits a message's body. */
export type ConfigVerify = (signature: Uint8Array, body: Uint8Array) => boolean;

const HASH_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const SIGNATURE_HEAD = "1:~64:";
/** A message at the end of the numbers could not be followed by others. */
const MAX_SEQNO: bigint = MAX_INT64 - 2n ** 32n;

/** The state that every config starts from: sequence number 0, no data. Never signed. */
export function initialMessage(crypto: Crypto = defaultCrypto): ConfigMessage {
  return finishDraft(
    { seqno: 0n, data: EMPTY_DICT, origin: EMPTY_DICT, lagged: [], unknown: new Map() },
    { crypto },
  );
}

/** The draft that follows `message`, without changes yet. */
export function nextDraft(message: ConfigMessage): ConfigDraft {
  const { seqno, hash, diff, data, unknown } = message;
  const lagged = message.lagged.filter((entry) => entry.seqno > seqno - LAG && entry.seqno < seqno);
  return { seqno: seqno + 1n, data, origin: data, lagged: [...lagged, { seqno, hash, diff }], unknown };
}

/** Writes a draft out. Deterministic: the same draft gives the same bytes on every device. */
export function finishDraft(
  draft: ConfigDraft,
  { sign, crypto = defaultCrypto }: { readonly sign?: ConfigSign | undefined; readonly crypto?: Crypto },
): ConfigMessage {
  const { seqno, unknown } = draft;
  const data = pruned(draft.data);
  const diff = diffDicts(draft.origin, data);
  const lagged = draft.lagged.filter((entry) => entry.seqno > seqno - LAG && entry.seqno < seqno);
  const pairs = new Map(unknown)
    .set("#", writeInteger(seqno))
    .set("&", writeDict(data))
    .set("<", `l${lagged.map(writeLagged).join("")}e`)
    .set("=", writeDiff(diff));
  let text = "d";
  for (const [key, value] of sortedEntries(pairs)) text += writeString(key) + value;
  const bytes =
    sign === undefined ? binaryStringToBytes(`${text}e`) : signed(binaryStringToBytes(text), sign);
  return {
    seqno,
    data,
    lagged,
    diff,
    unknown,
    bytes,
    hash: hashOf(bytes, crypto),
    signed: sign !== undefined,
  };
}

/** The same message with a signature. It must not have one yet. */
export function signMessage(message: ConfigMessage, sign: ConfigSign, crypto: Crypto): ConfigMessage {
  const bytes = signed(message.bytes.slice(0, -1), sign);
  return { ...message, bytes, hash: hashOf(bytes, crypto), signed: true };
}

function signed(body: Uint8Array, sign: ConfigSign): Uint8Array {
  return concatBytes(body, binaryStringToBytes(SIGNATURE_HEAD), sign(body), binaryStringToBytes("e"));
}

function writeLagged({ seqno, hash, diff }: LaggedDiff): string {
  return `l${writeInteger(seqno)}${writeString(hash)}${writeDiff(diff)}e`;
}

function hashOf(bytes: Uint8Array, crypto: Crypto): string {
  return bytesToBinaryString(crypto.blake2b(bytes, { size: HASH_LENGTH }));
}

/**
 * Reads a message. Bytes after the outermost dict are ignored, but belong to the hash.
 *
 * @param verify - given: the message must carry a signature that it finds good
 * @throws `CONFIG_MALFORMED`, `CONFIG_BAD_SIGNATURE`
 */
export function parseMessage(
  bytes: Uint8Array,
  {
    verify,
    crypto = defaultCrypto,
  }: { readonly verify?: ConfigVerify | undefined; readonly crypto?: Crypto },
): ConfigMessage {
  const reader = new ConfigReader(bytesToBinaryString(bytes));
  const unknown = new Map<string, string>();
  reader.open("d");
  if (reader.key(undefined) !== "#") throw malformed("the message does not start with its sequence number");
  const seqno = reader.integer();
  if (seqno < 0n || seqno > MAX_SEQNO) throw malformed("the sequence number is out of range");

  if (!enter(reader, "&", "#", unknown)) throw malformed("the message has no data");
  const data = reader.data();
  const lagged = enter(reader, "<", "&", unknown) ? readLagged(reader, seqno) : [];
  const hasDiff = enter(reader, "=", "<", unknown);
  if (!hasDiff && reader.peekKey() === undefined) throw malformed("the message ends before its diff");
  const diff = hasDiff ? readDiff(reader) : new Map();
  const signatureStart = skipTo(reader, "~", "=", unknown);
  const signature = readSignature(reader);
  if (!reader.close()) throw malformed("a key follows the signature");

  if (verify !== undefined) {
    if (signature === undefined) throw badSignature("the message is not signed");
    if (!verify(signature, bytes.subarray(0, signatureStart))) throw badSignature("the signature is wrong");
  }
  const isSigned = signature !== undefined;
  return { seqno, data, lagged, diff, unknown, bytes, hash: hashOf(bytes, crypto), signed: isSigned };
}

/** Goes to the value of `key`, if that comes next after keys that are unknown. */
function enter(reader: ConfigReader, key: string, after: string, unknown: Map<string, string>): boolean {
  skipTo(reader, key, after, unknown);
  if (reader.peekKey() !== key) return false;
  reader.string();
  return true;
}

/** Keeps the pairs whose keys lie between `after` and `key`. Returns where the next pair starts. */
function skipTo(reader: ConfigReader, key: string, after: string, unknown: Map<string, string>): number {
  let previous = after;
  for (let next = reader.peekKey(); next !== undefined && next < key; next = reader.peekKey()) {
    previous = reader.key(previous);
    unknown.set(previous, reader.raw());
  }
  return reader.position;
}

function readLagged(reader: ConfigReader, seqno: bigint): LaggedDiff[] {
  const lagged: LaggedDiff[] = [];
  reader.open("l");
  while (!reader.close()) {
    reader.open("l");
    const entrySeqno = reader.integer();
    if (entrySeqno >= seqno) throw malformed("an earlier change is not earlier");
    if (entrySeqno <= seqno - LAG) {
      while (!reader.close()) reader.raw();
      continue;
    }
    const hash = reader.string();
    if (hash.length !== HASH_LENGTH) throw malformed("the hash of an earlier change has not 32 bytes");
    const entry = { seqno: entrySeqno, hash, diff: readDiff(reader) };
    if (!reader.close()) throw malformed("an earlier change has more than three members");
    const last = lagged.at(-1);
    if (last !== undefined && compareVersions(last, entry) >= 0) {
      throw malformed("earlier changes are not in ascending order");
    }
    lagged.push(entry);
  }
  return lagged;
}

function readSignature(reader: ConfigReader): Uint8Array | undefined {
  if (reader.peekKey() !== "~") return undefined;
  reader.string();
  const signature = binaryStringToBytes(reader.string());
  if (signature.length !== SIGNATURE_LENGTH) throw badSignature("the signature has not 64 bytes");
  return signature;
}

/** Order of messages: by sequence number, then by the bytes of the hash. */
export function compareVersions(
  a: Pick<LaggedDiff, "seqno" | "hash">,
  b: Pick<LaggedDiff, "seqno" | "hash">,
): number {
  if (a.seqno !== b.seqno) return a.seqno < b.seqno ? -1 : 1;
  return a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0;
}

function badSignature(message: string): SessionError<ConfigErrorCode> {
  return new SessionError("CONFIG_BAD_SIGNATURE", message);
}
