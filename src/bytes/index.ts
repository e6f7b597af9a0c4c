/**
 * Bytes and their text forms, integers, bt-encoding (docs/protocol/bt-encoding.md), and untrusted JSON.
 *
 * Every decoder is strict: input that is not entirely valid is a `SessionError`, never a shorter or guessed result.
 *
 * @module
 */
export { compareBytes, concatBytes, equalBytes } from "./array.js";
export { base32zToBytes, bytesToBase32z } from "./base32z.js";
export {
  type Base64DecodeOptions,
  type Base64EncodeOptions,
  base64ToBytes,
  bytesToBase64,
} from "./base64.js";
export { type BtDecodeOptions, btDecode, btDecodeDict } from "./bt-decode.js";
export { btEncode } from "./bt-encode.js";
export { btSignedDict, btVerifySignedDict } from "./bt-signed.js";
export {
  type BtDict,
  type BtInput,
  type BtValue,
  binaryStringToBytes,
  bytesToBinaryString,
} from "./bt-types.js";
export type { BtErrorCode, BytesErrorCode } from "./errors.js";
export { bytesToHex, hexToBytes } from "./hex.js";
export {
  readUint32BE,
  readUint32LE,
  readUint64BE,
  readUint64LE,
  writeUint32BE,
  writeUint32LE,
  writeUint64BE,
  writeUint64LE,
} from "./ints.js";
export {
  isJsonObject,
  type JsonIntegerRange,
  type JsonObject,
  type JsonReaders,
  jsonMember,
  jsonReaders,
  optionalJson,
} from "./json.js";
export { bytesToUtf8, type Utf8DecodeOptions, utf8ToBytes } from "./utf8.js";
export { type DecodedVarint, decodeVarint, encodeVarint } from "./varint.js";
