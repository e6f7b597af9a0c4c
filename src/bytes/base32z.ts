/**
 * z-base-32, the human-oriented alphabet of the Oxen tools: lower case, no padding, no bits left over.
 *
 * @module
 */
import { type BytesCoder, utils } from "@scure/base";
import { SessionError } from "../errors/index.js";
import type { BytesErrorCode } from "./errors.js";

const coder: BytesCoder = /* @__PURE__ */ utils.chain(
  utils.radix2(5),
  utils.alphabet("ybndrfg8ejkmcpqxot1uwisza345h769"),
  utils.join(""),
);

/** z-base-32 text of `bytes`. */
export function bytesToBase32z(bytes: Uint8Array): string {
  return coder.encode(bytes);
}

/**
 * Bytes of lower-case z-base-32 text.
 *
 * @throws `BYTES_INVALID_BASE32Z`
 */
export function base32zToBytes(text: string): Uint8Array {
  try {
    return coder.decode(text);
  } catch (cause) {
    throw new SessionError<BytesErrorCode>("BYTES_INVALID_BASE32Z", "the text is not z-base-32", { cause });
  }
}
