/**
 * Who sent a request to a community server (docs/protocol/communities.md §3), in the order in which the server checks.
 *
 * @module
 */
import { base64ToBytes, bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { idFromPublicKey, sessionIdFromX25519 } from "../identity/index.js";
import { type CommunityRequest, refuse } from "./community-http.js";
import type { User } from "./community-model.js";
import type { CommunityState } from "./community-state.js";

const DAY = 24 * 60 * 60;
const HEADERS = ["x-sogs-pubkey", "x-sogs-nonce", "x-sogs-timestamp", "x-sogs-signature"] as const;

/** The user that signed a request; `undefined` for requests without signature. */
export function authenticate(state: CommunityState, request: CommunityRequest): User | undefined {
  const [pubkey = "", nonceText = "", timestampText = "", signatureText = ""] = HEADERS.map(
    (name) => request.headers[name] ?? "",
  );
  const missing = [pubkey, nonceText, timestampText, signatureText].filter((value) => value === "").length;
  if (missing === HEADERS.length) return undefined;
  if (missing > 0) {
    throw refuse(400, `Invalid authentication headers: missing ${missing}/4 required X-SOGS-* headers`);
  }
  const { key, id } = readKey(state, pubkey);
  const nonce = hexOrBase64(nonceText, 16);
  if (nonce === undefined) throw invalid("X-SOGS-Nonce must be 16 bytes (encoded as base64 or hex)");
  const signature = hexOrBase64(signatureText, 64);
  if (signature === undefined) throw invalid("X-SOGS-Signature is not base64[88]");
  if (!/^[+-]?\d+$/.test(timestampText)) throw invalid("X-SOGS-Timestamp is not a valid timestamp");

  const now = state.now();
  if (Math.abs(Number(timestampText) - now) > DAY)
    throw invalid("X-SOGS-Timestamp is too far from current time", 425);
  const user = state.user(id);
  if (user.banned) throw refuse(403, "Banned");
  useNonce(state, nonce, now);
  const signed = signedBytes(state, request, nonce, timestampText);
  if (!state.crypto.ed25519Verify(signature, signed, key))
    throw invalid("X-SOGS-Signature verification failed", 401);
  return user;
}

function readKey(state: CommunityState, text: string): { readonly key: Uint8Array; readonly id: string } {
  const bytes = hexOrBase64(text, 33);
  if (bytes === undefined) throw invalid("X-SOGS-Pubkey is not a valid 66-hex digit id");
  const [prefix] = bytes;
  if (prefix !== 0x00 && prefix !== 0x15) throw invalid("X-SOGS-Pubkey must be 00- or 15- prefixed");
  const key = bytes.slice(1);
  const noKey = "given X-SOGS-Pubkey is not a valid Ed25519 pubkey";
  if (!state.crypto.isValidPoint(key)) throw invalid(noKey);
  if (prefix === 0x15) return { key, id: idFromPublicKey("15", key) };
  if (state.requireBlinding) throw invalid("this server requires the use of blinded ids");
  try {
    return { key, id: sessionIdFromX25519(state.crypto.ed25519PublicKeyToX25519(key)) };
  } catch (error) {
    if (isSessionError(error)) throw invalid(noKey);
    throw error;
  }
}

/** Unlike the timestamp a nonce is used up even if the signature turns out to be wrong. */
function useNonce({ nonces }: CommunityState, nonce: Uint8Array, now: number): void {
  for (const [known, usedAt] of nonces) {
    // In the order of their use.
    if (usedAt > now - DAY) break;
    nonces.delete(known);
  }
  const key = bytesToHex(nonce);
  if (nonces.has(key)) throw invalid("X-SOGS-Nonce cannot be reused", 425);
  nonces.set(key, now);
}

function signedBytes(
  { publicKey, crypto }: CommunityState,
  { method, path, query, body }: CommunityRequest,
  nonce: Uint8Array,
  timestamp: string,
): Uint8Array {
  return concatBytes(
    publicKey,
    nonce,
    utf8ToBytes(timestamp + method + path + (query === "" ? "" : `?${query}`)),
    ...(body.length === 0 ? [] : [crypto.blake2b(body, { size: 64 })]),
  );
}

function hexOrBase64(text: string, size: number): Uint8Array | undefined {
  try {
    const bytes = text.length === size * 2 ? hexToBytes(text) : base64ToBytes(text);
    return bytes.length === size ? bytes : undefined;
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
}

function invalid(reason: string, status = 400): ReturnType<typeof refuse> {
  return refuse(status, `Invalid authentication: ${reason}`);
}
