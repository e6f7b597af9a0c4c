/**
 * The account ids and message hashes that requests and replies name.
 *
 * @module
 */
import { hexToBytes } from "../bytes/index.js";
import { invalidArgument } from "./errors.js";

const ACCOUNT_ID = /^[0-9a-f]{66}$/;
const MESSAGE_HASH = /^[A-Za-z0-9+/]{43}$/;

/**
 * The canonical, lower-case form of a 66-digit account id: the one that nodes sign over.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function accountId(pubkey: string): string {
  const text = typeof pubkey === "string" ? pubkey.toLowerCase() : "";
  if (!ACCOUNT_ID.test(text)) throw invalidArgument("an account id has 66 hexadecimal digits");
  return text;
}

/** The 33 bytes of an account id: prefix ‖ key. */
export function accountBytes(pubkey: string): Uint8Array {
  return hexToBytes(accountId(pubkey));
}

/** True for 43 characters of unpadded base64. */
export function isMessageHash(value: unknown): value is string {
  return typeof value === "string" && MESSAGE_HASH.test(value);
}
