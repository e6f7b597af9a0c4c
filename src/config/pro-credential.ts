/**
 * The Session Pro credential that an account's devices share (docs/protocol/config.md §14, key `s`), as one byte string:
 *
 * ```text
 * d 1:e expiry, unix seconds   1:g 32:revocation tag   1:r 32:rotating seed   1:s 64:proof signature e
 * ```
 *
 * @module
 */
import { binaryStringToBytes, btDecodeDict, btEncode } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { checkBytes, checkSeconds } from "./checks.js";
import type { ConfigValue } from "./data.js";

export interface ProCredential {
  /** Unix seconds. */
  readonly expires: number;
  /** 32 bytes. */
  readonly revocationTag: Uint8Array;
  /** Seed of the rotating Ed25519 key, 32 bytes. */
  readonly rotatingSeed: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Nothing for the nested dict of 2025 and for whatever else cannot be read. */
export function readProCredential(value: ConfigValue | undefined): ProCredential | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const dict = btDecodeDict(binaryStringToBytes(value), { maxDepth: 8 });
    const [expires, revocationTag, rotatingSeed, signature] = ["e", "g", "r", "s"].map((key) =>
      dict.get(key),
    );
    if (typeof expires !== "bigint" || expires <= 0n || !Number.isSafeInteger(Number(expires)))
      return undefined;
    if (!isBytes(revocationTag, 32) || !isBytes(rotatingSeed, 32) || !isBytes(signature, 64))
      return undefined;
    return { expires: Number(expires), revocationTag, rotatingSeed, signature };
  } catch (error) {
    if (!isSessionError(error)) throw error;
    return undefined;
  }
}

/** @throws `CONFIG_VALUE_INVALID` */
export function writeProCredential(credential: ProCredential): Uint8Array {
  return btEncode({
    e: checkSeconds("credential.expires", credential.expires),
    g: checkBytes("credential.revocationTag", credential.revocationTag, 32),
    r: checkBytes("credential.rotatingSeed", credential.rotatingSeed, 32),
    s: checkBytes("credential.signature", credential.signature, 64),
  });
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}
