/**
 * The three kinds of groups in their dicts (docs/protocol/config.md §17).
 *
 * @module
 */
import { bytesToBinaryString, equalBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { type GroupId, idPublicKey, isSessionId, parseSessionId, type SessionId } from "../identity/index.js";
import { checkBytes, checkChoice, checkName, checkPriority, checkSeconds, checkTimer } from "./checks.js";
import { type ConfigDict, isSet } from "./data.js";
import {
  binaryToId,
  type Entry,
  idToBinary,
  put,
  putFlag,
  putName,
  putNonzero,
  putPositive,
  readBytes,
  readFlag,
  readInteger,
  readName,
  readNumber,
  readPositive,
  readSeconds,
  settleFlag,
  settleName,
  settleNonzero,
  settlePositive,
  settleSeconds,
  textToBinary,
} from "./fields.js";

export type GroupNotifications = "default" | "all" | "disabled" | "mentions";

/** What all kinds have. Times are unix seconds, 0 for none. */
export interface GroupBase {
  /** −1 hidden, 0 normal, greater than 0 pinned. */
  readonly priority: number;
  readonly joined: number;
  readonly notifications: GroupNotifications;
  readonly mutedUntil: number;
  /** An invitation that the user has not answered. */
  readonly invited: boolean;
}

/** Why this account is no longer in a group. */
export type GroupRemoval = "kicked" | "destroyed";

/** A group. */
export interface GroupFields extends GroupBase {
  /** Name from the invitation; at most 100 UTF-8 bytes. */
  readonly name: string;
  /** The group's Ed25519 secret key, 64 bytes, if this account is an admin. */
  readonly secretKey: Uint8Array | undefined;
  /** What a member signs requests with, 100 bytes. */
  readonly authData: Uint8Array | undefined;
  readonly removal: GroupRemoval | undefined;
}

/** A closed group of the old kind. */
export interface LegacyGroupFields extends GroupBase {
  readonly name: string;
  /** The group's encryption pair, 32 bytes each. */
  readonly encryption: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } | undefined;
  /** Every member, and whether it is an admin. */
  readonly members: ReadonlyMap<SessionId, boolean>;
  /** Seconds after which messages disappear; 0 for never. */
  readonly timer: number;
}

const NOTIFICATIONS = ["default", "all", "disabled", "mentions"] as const;
const SEED_LENGTH = 32;
const SECRET_KEY_LENGTH = 64;
const AUTH_DATA_LENGTH = 100;
const KICKED = 1n;
const DESTROYED = 2n;

export function readBase(dict: ConfigDict): GroupBase {
  return {
    priority: readNumber(dict, "+"),
    joined: readSeconds(dict, "j"),
    notifications: NOTIFICATIONS[Number(notificationValue(dict))] ?? "default",
    mutedUntil: readSeconds(dict, "!"),
    invited: readFlag(dict, "i"),
  };
}

/** @throws `CONFIG_VALUE_INVALID` */
export function writeBase(dict: ConfigDict, change: Partial<GroupBase>): Entry {
  const entry: Entry = new Map(dict);
  settleNonzero(entry, "+");
  settleSeconds(entry, "j");
  settleSeconds(entry, "!");
  settleFlag(entry, "i");
  putPositive(entry, "@", notificationValue(entry));
  const { priority, joined, notifications, mutedUntil, invited } = change;
  if (priority !== undefined) putNonzero(entry, "+", checkPriority(priority));
  if (joined !== undefined) putPositive(entry, "j", checkSeconds("joined", joined));
  if (mutedUntil !== undefined) putPositive(entry, "!", checkSeconds("mutedUntil", mutedUntil));
  if (invited !== undefined) putFlag(entry, "i", invited);
  if (notifications !== undefined) {
    putPositive(entry, "@", checkChoice("notifications", notifications, NOTIFICATIONS));
  }
  return entry;
}

function notificationValue(dict: ConfigDict): bigint {
  const value = readInteger(dict, "@");
  return value > 0n && value < BigInt(NOTIFICATIONS.length) ? value : 0n;
}

export function readGroup(dict: ConfigDict, id: GroupId, crypto: Crypto): GroupFields {
  const removed = readInteger(dict, "r");
  return {
    ...readBase(dict),
    name: readName(dict, "n"),
    secretKey: readSecretKey(dict, id, crypto),
    authData: readBytes(dict, "s", AUTH_DATA_LENGTH),
    removal: removed === KICKED ? "kicked" : removed === DESTROYED ? "destroyed" : undefined,
  };
}

/** A seed that belongs to another group counts as none. */
function readSecretKey(dict: ConfigDict, id: GroupId, crypto: Crypto): Uint8Array | undefined {
  const seed = readBytes(dict, "K", SEED_LENGTH);
  if (seed === undefined) return undefined;
  const { publicKey, secretKey } = crypto.ed25519KeyPair(seed);
  return equalBytes(publicKey, idPublicKey(id)) ? secretKey : undefined;
}

/** What can be set of a group; `removal` also forgets the keys, and "destroyed" is for good. */
export type GroupChange = Partial<GroupFields>;

/** @throws `CONFIG_VALUE_INVALID` */
export function writeGroup(dict: ConfigDict, id: GroupId, change: GroupChange, crypto: Crypto): Entry {
  const entry = writeBase(dict, change);
  settleName(entry, "n", false);
  settlePositive(entry, "r");
  if (change.name !== undefined) putName(entry, "n", checkName("name", change.name));

  let { secretKey, authData } = readGroup(dict, id, crypto);
  if ("removal" in change) {
    putRemoval(entry, change.removal);
    if (change.removal !== undefined) [secretKey, authData] = [undefined, undefined];
  }
  if ("secretKey" in change) secretKey = change.secretKey && checkSecretKey(change.secretKey);
  if ("authData" in change) {
    authData = change.authData && checkBytes("authData", change.authData, AUTH_DATA_LENGTH);
  }

  const isAdmin = secretKey !== undefined && equalBytes(secretKey.subarray(SEED_LENGTH), idPublicKey(id));
  // Always there, so that a group without a name is not an empty dict, which would be none.
  put(entry, "K", isAdmin && secretKey ? bytesToBinaryString(secretKey.subarray(0, SEED_LENGTH)) : "");
  // An admin needs no authorisation; what is there is left alone.
  if (!isAdmin) put(entry, "s", authData && bytesToBinaryString(authData));
  return entry;
}

function putRemoval(entry: Entry, removal: GroupRemoval | undefined): void {
  if (readInteger(entry, "r") === DESTROYED) return;
  put(entry, "r", removal === undefined ? undefined : removal === "kicked" ? KICKED : DESTROYED);
}

function checkSecretKey(key: Uint8Array): Uint8Array {
  return checkBytes("secretKey", key, SECRET_KEY_LENGTH);
}

export function readLegacyGroup(dict: ConfigDict): LegacyGroupFields {
  const publicKey = readBytes(dict, "k", SEED_LENGTH);
  const secretKey = readBytes(dict, "K", SEED_LENGTH);
  return {
    ...readBase(dict),
    name: readName(dict, "n"),
    encryption: publicKey && secretKey && { publicKey, secretKey },
    members: readMembers(dict),
    timer: readPositive(dict, "E"),
  };
}

/** Somebody whom a merge left in both sets is a plain member. */
function readMembers(dict: ConfigDict): ReadonlyMap<SessionId, boolean> {
  const members = new Map<SessionId, boolean>();
  for (const [key, isAdmin] of [
    ["a", true],
    ["m", false],
  ] as const) {
    const set = dict.get(key);
    if (!isSet(set)) continue;
    for (const value of set) {
      const id = typeof value === "string" ? binaryToId(value) : "";
      if (isSessionId(id)) members.set(id, isAdmin);
    }
  }
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @throws `CONFIG_VALUE_INVALID`, `ID_INVALID` */
export function writeLegacyGroup(dict: ConfigDict, change: Partial<LegacyGroupFields>): Entry {
  const entry = writeBase(dict, change);
  settleName(entry, "n", true);
  settlePositive(entry, "E");
  if (change.name !== undefined) put(entry, "n", textToBinary(checkName("name", change.name)));
  if (change.timer !== undefined) putPositive(entry, "E", checkTimer("timer", change.timer));

  const { encryption, members } = { ...readLegacyGroup(dict), ...change };
  put(entry, "k", encryption && keyToBinary("encryption.publicKey", encryption.publicKey));
  put(entry, "K", encryption && keyToBinary("encryption.secretKey", encryption.secretKey));
  for (const [key, wanted] of [
    ["m", false],
    ["a", true],
  ] as const) {
    const ids = [...members].filter(([, isAdmin]) => isAdmin === wanted);
    put(
      entry,
      key,
      ids.length === 0 ? undefined : new Set(ids.map(([id]) => idToBinary(parseSessionId(id)))),
    );
  }
  return entry;
}

function keyToBinary(field: string, key: Uint8Array): string {
  return bytesToBinaryString(checkBytes(field, key, SEED_LENGTH));
}
