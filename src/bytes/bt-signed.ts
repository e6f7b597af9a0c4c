/**
 * Signed dicts (docs/protocol/bt-encoding.md §4): the last pair, of key `~`, signs every byte before it.
 *
 * ```
 * d …pairs…  1:~ 64:signature  e
 * └─ body ─┘
 * ```
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { concatBytes, equalBytes } from "./array.js";
import { type BtDecodeOptions, BtReader } from "./bt-decode.js";
import { btEncode } from "./bt-encode.js";
import type { BtDict, BtInput } from "./bt-types.js";
import type { BtErrorCode, BytesErrorCode } from "./errors.js";
import { utf8ToBytes } from "./utf8.js";

/** Key of the signature pair. */
const SIGNATURE_KEY = "~";
const SIGNATURE_LENGTH = 64;
/** The bytes between the body and the signature. */
const SIGNATURE_HEAD: Uint8Array = /* @__PURE__ */ utf8ToBytes("1:~64:");
const CLOSE: Uint8Array = /* @__PURE__ */ utf8ToBytes("e");

/**
 * Encodes `dict` and signs it.
 *
 * @param dict - without `~`, and without a key that sorts after it
 * @param sign - gives the 64-byte signature of the body
 * @throws as {@link btEncode}; `BT_INVALID` for a key that leaves `~` no place at the end; `BT_BAD_SIGNATURE` when `sign`
 * does not give 64 bytes
 */
export function btSignedDict(
  dict: ReadonlyMap<string, BtInput> | { readonly [key: string]: BtInput | undefined },
  sign: (body: Uint8Array) => Uint8Array,
): Uint8Array {
  const keys = dict instanceof Map ? [...dict.keys()] : Object.keys(dict);
  if (keys.some((key) => key >= SIGNATURE_KEY))
    throw failure("BT_INVALID", "a key does not sort before the signature");
  const body = btEncode(dict).slice(0, -1);
  const signature = sign(body);
  if (signature.length !== SIGNATURE_LENGTH)
    throw failure("BT_BAD_SIGNATURE", "the signature does not have 64 bytes");
  return concatBytes(body, SIGNATURE_HEAD, signature, CLOSE);
}

/**
 * Decodes a signed dict after checking its signature over the received bytes.
 *
 * @param bytes - the encoded dict
 * @param verify - says whether a signature fits a body
 * @returns the dict, `~` included
 * @throws as {@link btDecode}; `BT_BAD_SIGNATURE` when the pair is missing, not the last, not 64 bytes, or wrong
 */
export function btVerifySignedDict(
  bytes: Uint8Array,
  verify: (signature: Uint8Array, body: Uint8Array) => boolean,
  options: BtDecodeOptions = {},
): BtDict {
  const reader = new BtReader(bytes, options);
  let lastKey: string | undefined;
  let lastStart = 0;
  const dict = reader.dict(1, (key, _value, start) => {
    lastKey = key;
    lastStart = start;
  });
  const end = reader.position - 1;
  reader.end();

  const signatureStart = lastStart + SIGNATURE_HEAD.length;
  const wellFormed =
    lastKey === SIGNATURE_KEY &&
    signatureStart + SIGNATURE_LENGTH === end &&
    equalBytes(bytes.subarray(lastStart, signatureStart), SIGNATURE_HEAD);
  if (!wellFormed) throw failure("BT_BAD_SIGNATURE", "the dict does not end with a signature");
  if (!verify(bytes.slice(signatureStart, end), bytes.subarray(0, lastStart))) {
    throw failure("BT_BAD_SIGNATURE", "the signature of the dict is wrong");
  }
  return dict;
}

function failure(code: BtErrorCode, message: string): SessionError<BytesErrorCode> {
  return new SessionError(code, message);
}
