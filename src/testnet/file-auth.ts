/**
 * The server's half of the version check's authentication (docs/protocol/attachments.md §6.4).
 *
 * @module
 */
import { base64ToBytes, concatBytes, hexToBytes, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import type { FileRequest } from "./file-routes.js";

/** Why a request is refused. */
export interface AuthRefusal {
  readonly status: 400 | 401 | 425;
  readonly reason: string;
}

const TOLERANCE_SECONDS = 24 * 60 * 60;

/** Checks the `X-FS-*` headers, if there are any; undefined when there is nothing to say against the request. */
export function checkVersionAuth(
  { method, path, headers, body }: FileRequest,
  { crypto, now }: { readonly crypto: Crypto; readonly now: () => number },
): AuthRefusal | undefined {
  const values = ["x-fs-pubkey", "x-fs-timestamp", "x-fs-signature"].map((name) => headers[name] ?? "");
  const [pubkey = "", timestamp = "", signature = ""] = values;
  if (values.every((value) => value === "")) return undefined;
  if (values.some((value) => value === "")) return invalid("one or more X-FS-* auth headers is missing");
  const id = decode(pubkey, 33);
  if (id === undefined) return invalid("X-FS-Pubkey is not a valid 66-hex digit id");
  if (id[0] !== 0x07) return invalid("X-FS-Pubkey must be 07- prefixed");
  const key = id.subarray(1);
  if (!crypto.isValidPoint(key)) return invalid("given X-FS-Pubkey is not a valid Ed25519 pubkey");
  const signed = decode(signature, 64);
  if (signed === undefined) return invalid("X-FS-Signature is not base64[86]");
  if (!/^[+-]?\d+$/.test(timestamp)) return invalid("X-FS-Timestamp is not a valid timestamp");
  if (Math.abs(Number(timestamp) - now() / 1000) > TOLERANCE_SECONDS) {
    return { status: 425, reason: "Invalid authentication: X-FS-Timestamp is too far from current time" };
  }
  const message = concatBytes(
    utf8ToBytes(timestamp + method + path),
    body.length === 0 ? body : crypto.blake2b(body, { size: 64 }),
  );
  if (crypto.ed25519Verify(signed, message, key)) return undefined;
  return { status: 401, reason: "Invalid authentication: X-FS-Signature verification failed" };
}

function invalid(what: string): AuthRefusal {
  return { status: 400, reason: `Invalid authentication: ${what}` };
}

/** Hex or base64 of exactly `length` bytes. */
function decode(text: string, length: number): Uint8Array | undefined {
  try {
    const bytes = text.length === 2 * length ? hexToBytes(text) : base64ToBytes(text);
    return bytes.length === length ? bytes : undefined;
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
}
