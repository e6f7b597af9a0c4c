/**
 * What clients sign in storage requests (docs/protocol/swarm.md §4).
 *
 * Every text is ASCII, concatenated without separators; numbers are decimal. Only (un)revoking adds raw bytes.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type NamespaceOrAll, namespaceText } from "./namespaces.js";

/** How `expire` treats messages whose expiry would move the other way. */
export type ExpireMode = "extend" | "shorten";

/** `store` ns sig_timestamp. */
export function storeSignedText(namespace: number, timestamp: number): Uint8Array {
  return text("store", namespaceText(namespace), timestamp);
}

/** `retrieve` ns timestamp. */
export function retrieveSignedText(namespace: number, timestamp: number): Uint8Array {
  return text("retrieve", namespaceText(namespace), timestamp);
}

/** `delete` hash…; without a time, so it can be replayed. */
export function deleteSignedText(hashes: readonly string[]): Uint8Array {
  return text("delete", ...hashes);
}

/** `delete_all` ns timestamp. */
export function deleteAllSignedText(namespace: NamespaceOrAll, timestamp: number): Uint8Array {
  return text("delete_all", namespaceText(namespace), timestamp);
}

/** `delete_before` ns before. */
export function deleteBeforeSignedText(namespace: NamespaceOrAll, before: number): Uint8Array {
  return text("delete_before", namespaceText(namespace), before);
}

/** `expire_all` ns expiry. */
export function expireAllSignedText(namespace: NamespaceOrAll, expiry: number): Uint8Array {
  return text("expire_all", namespaceText(namespace), expiry);
}

/** `expire` mode expiry… hash…; one expiry for all hashes, or one for each. */
export function expireSignedText(
  hashes: readonly string[],
  expiry: number | readonly number[],
  mode?: ExpireMode,
): Uint8Array {
  return text("expire", mode ?? "", ...(typeof expiry === "number" ? [expiry] : expiry), ...hashes);
}

/** `get_expiries` timestamp hash…. */
export function getExpiriesSignedText(hashes: readonly string[], timestamp: number): Uint8Array {
  return text("get_expiries", timestamp, ...hashes);
}

/** `revoke_subaccount` timestamp token-bytes…. */
export function revokeSignedText(tokens: readonly Uint8Array[], timestamp: number): Uint8Array {
  return concatBytes(text("revoke_subaccount", timestamp), ...tokens);
}

/** `unrevoke_subaccount` timestamp token-bytes…. */
export function unrevokeSignedText(tokens: readonly Uint8Array[], timestamp: number): Uint8Array {
  return concatBytes(text("unrevoke_subaccount", timestamp), ...tokens);
}

/** `revoked_subaccounts` timestamp; servers after 2.8 only. */
export function revokedSubaccountsSignedText(timestamp: number): Uint8Array {
  return text("revoked_subaccounts", timestamp);
}

function text(...parts: readonly (string | number)[]): Uint8Array {
  return utf8ToBytes(parts.join(""));
}
