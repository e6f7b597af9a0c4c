/**
 * Checks of what callers put into requests, so that a mistake is found before anything is sent. All of them throw
 * `INVALID_ARGUMENT`.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import type { SwarmAuth } from "./auth.js";
import { invalidArgument } from "./errors.js";
import { accountId, isMessageHash } from "./ids.js";
import { checkNamespace, type NamespaceOrAll } from "./namespaces.js";
import { MAX_REVOKED_SUBACCOUNTS, SUBACCOUNT_TOKEN_BYTES } from "./subaccount.js";

/** The canonical id, if `auth` signs for it. */
export function accountFor(pubkey: string, auth: SwarmAuth | undefined): string {
  const id = accountId(pubkey);
  if (auth !== undefined && auth.pubkey !== id)
    throw invalidArgument("the signature is for another account", { pubkey: id });
  return id;
}

/** `auth`, where a signature is needed. */
export function required(auth: SwarmAuth | undefined, method: string, namespace: number): SwarmAuth {
  if (auth === undefined) throw invalidArgument("the namespace needs a signature", { method, namespace });
  return auth;
}

/** A time in milliseconds. */
export function checkTime(name: string, time: number | undefined): number {
  // Below 10^9 a server takes it for seconds.
  if (time === undefined || !Number.isSafeInteger(time) || time < 1_000_000_000)
    throw invalidArgument("a time is an integer of milliseconds since 1970", { [name]: time });
  return time;
}

/** An expiry in milliseconds. */
export function checkExpiry(time: number): number {
  return checkTime("expiry", time);
}

/** A namespace, 0 if left out, or `all`. */
export function checkNamespaceOrAll(namespace: NamespaceOrAll = 0): NamespaceOrAll {
  return namespace === "all" ? namespace : checkNamespace(namespace);
}

/** A copy of a list of at least one message hash. */
export function checkHashes(hashes: readonly string[]): string[] {
  if (hashes.length === 0) throw invalidArgument("no message hash is given");
  const bad = hashes.findIndex((hash) => !isMessageHash(hash));
  if (bad >= 0) throw invalidArgument("a message hash is 43 characters of base64", { index: bad });
  return [...hashes];
}

/** 1 to 50 tokens as base64, if `auth` may revoke. */
export function checkTokens(auth: SwarmAuth, tokens: readonly Uint8Array[]): string[] {
  if (auth.kind === "subaccount") throw invalidArgument("a subaccount cannot revoke");
  if (tokens.length === 0 || tokens.length > MAX_REVOKED_SUBACCOUNTS)
    throw invalidArgument("1 to 50 tokens can be given at once", { tokens: tokens.length });
  for (const token of tokens)
    if (token.length !== SUBACCOUNT_TOKEN_BYTES)
      throw invalidArgument("a subaccount token has 36 bytes", { length: token.length });
  return tokens.map((token) => bytesToBase64(token));
}
