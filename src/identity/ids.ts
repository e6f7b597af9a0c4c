/**
 * Ids: one prefix byte that says what kind, and 32 bytes of public key, written as 66 hexadecimal characters
 * (docs/protocol/identity.md §4).
 *
 * ```
 * 05 X25519   account (Session ID); legacy groups too       15, 25 Ed25519   account, blinded for one community
 * 03 Ed25519  group                                         00     Ed25519   account, towards a community, unblinded
 *                                                           07     Ed25519   key of the version check
 * ```
 *
 * Parsers take either case and surrounding white space, and give lower case. Each kind is a branded string, so that an
 * id of one kind does not type-check as another; a plain string becomes an id only through a parser or a type guard.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";

declare const kind: unique symbol;
type Id<Prefix extends IdPrefix> = string & { readonly [kind]: Prefix };

/** Every prefix that the protocol gives a meaning. */
export type IdPrefix = "05" | "03" | "15" | "25" | "00" | "07";

/** Session ID, also called Account ID: `05` and an X25519 public key. */
export type SessionId = Id<"05">;
/** Group: `03` and the group's Ed25519 public key. */
export type GroupId = Id<"03">;
/** An account in one community, first version: `15` and a blinded Ed25519 point. */
export type BlindedId15 = Id<"15">;
/** An account in one community, second version: `25` and a blinded Ed25519 point. */
export type BlindedId25 = Id<"25">;
/** An account in a community without blinding: `00` and an Ed25519 public key. */
export type UnblindedId = Id<"00">;
/** The key of the version check: `07` and an Ed25519 public key. */
export type VersionKeyId = Id<"07">;

export type BlindedId = BlindedId15 | BlindedId25;
/** Whoever can be the author of a message, or a group. */
export type ParticipantId = SessionId | GroupId | BlindedId | UnblindedId;
export type AnyId = ParticipantId | VersionKeyId;

/** The kind of id that each prefix makes. */
export interface IdByPrefix {
  readonly "05": SessionId;
  readonly "03": GroupId;
  readonly "15": BlindedId15;
  readonly "25": BlindedId25;
  readonly "00": UnblindedId;
  readonly "07": VersionKeyId;
}

const CANONICAL = /^(?:05|03|15|25|00|07)[0-9a-f]{64}$/;
const PARTICIPANT = ["05", "15", "25", "00", "03"] as const;
const ANY = ["05", "15", "25", "00", "03", "07"] as const;

/**
 * A Session ID: whom a conversation can be started with. Blinded ids are refused.
 *
 * @throws `ID_INVALID`
 */
export function parseSessionId(text: string): SessionId {
  return parse(text, ["05"], "Session ID");
}

/** A group id. @throws `ID_INVALID` */
export function parseGroupId(text: string): GroupId {
  return parse(text, ["03"], "group id");
}

/** A blinded id of either version. @throws `ID_INVALID` */
export function parseBlindedId(text: string): BlindedId {
  return parse(text, ["15", "25"], "blinded id");
}

/** The id of anybody who takes part in a conversation, or of a group: 05, 15, 25, 00, 03. @throws `ID_INVALID` */
export function parseParticipantId(text: string): ParticipantId {
  return parse(text, PARTICIPANT, "participant id");
}

/** An id of any kind, the version-check key included. @throws `ID_INVALID` */
export function parseId(text: string): AnyId {
  return parse(text, ANY, "id");
}

/**
 * An id as old data may have it: any participant id, a bare key of 32 or 64 hexadecimal characters, or one of these
 * after `__textsecure_group__!`, which is dropped. For reading only: never send a bare key.
 *
 * @throws `ID_INVALID`
 */
export function parseHistoricId(text: string): string {
  const id = typeof text === "string" ? text.trim().replace(/^__textsecure_group__!/, "") : "";
  return /^(?:[0-9a-f]{32}){1,2}$/i.test(id) ? id.toLowerCase() : parse(id, PARTICIPANT, "historic id");
}

/** True for a Session ID in its canonical, lower-case form. */
export function isSessionId(value: unknown): value is SessionId {
  return hasPrefix(value, ["05"]);
}

/** True for a group id in its canonical, lower-case form. */
export function isGroupId(value: unknown): value is GroupId {
  return hasPrefix(value, ["03"]);
}

/** True for a blinded id of either version in its canonical, lower-case form. */
export function isBlindedId(value: unknown): value is BlindedId {
  return hasPrefix(value, ["15", "25"]);
}

/** True for a participant's or a group's id in its canonical, lower-case form. */
export function isParticipantId(value: unknown): value is ParticipantId {
  return hasPrefix(value, PARTICIPANT);
}

/** The first byte, as two hexadecimal characters. @throws `ID_INVALID` */
export function idPrefix(id: AnyId): IdPrefix {
  return checked(id).slice(0, 2) as IdPrefix;
}

/** The 32 bytes after the prefix: X25519 for 05, Ed25519 for all others. @throws `ID_INVALID` */
export function idPublicKey(id: AnyId): Uint8Array {
  return hexToBytes(checked(id).slice(2));
}

/** The id with a prefix and a 32-byte public key. Does not check that the key is one: see `checkIdKey`. @throws `KEY_INVALID` */
export function idFromPublicKey<Prefix extends IdPrefix>(
  prefix: Prefix,
  publicKey: Uint8Array,
): IdByPrefix[Prefix] {
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== 32) {
    throw new SessionError<IdentityErrorCode>("KEY_INVALID", "a public key is 32 bytes long", {
      details: { length: publicKey?.length },
    });
  }
  return (prefix + bytesToHex(publicKey)) as IdByPrefix[Prefix];
}

/** The Session ID of a 32-byte X25519 public key. @throws `KEY_INVALID` */
export function sessionIdFromX25519(publicKey: Uint8Array): SessionId {
  return idFromPublicKey("05", publicKey);
}

/** Short form for people, as the apps show it: `(05d2...3a72)`, the first and last four characters. */
export function shortId(id: AnyId): string {
  return `(${id.slice(0, 4)}...${id.slice(-4)})`;
}

function hasPrefix(value: unknown, prefixes: readonly IdPrefix[]): boolean {
  return (
    typeof value === "string" && CANONICAL.test(value) && (prefixes as string[]).includes(value.slice(0, 2))
  );
}

function parse<Prefix extends IdPrefix>(
  text: string,
  prefixes: readonly Prefix[],
  what: string,
): IdByPrefix[Prefix] {
  const id = typeof text === "string" ? text.trim().toLowerCase() : undefined;
  if (hasPrefix(id, prefixes)) return id as IdByPrefix[Prefix];
  // The text itself stays out of the error: it may be a recovery phrase in the wrong field.
  throw new SessionError<IdentityErrorCode>("ID_INVALID", `the text is no ${what}`, {
    details: { length: id?.length, prefixes },
  });
}

/** The brand is a promise of the compiler only; callers without one get an error instead of a wrong key. */
function checked(id: AnyId): string {
  if (!hasPrefix(id, ANY)) {
    throw new SessionError<IdentityErrorCode>("ID_INVALID", "the text is no id in lower case", {
      details: { length: typeof id === "string" ? (id as string).length : undefined },
    });
  }
  return id;
}
