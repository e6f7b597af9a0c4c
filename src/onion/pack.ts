/**
 * The framing of layers (docs/protocol/onion.md §2): a blob and the JSON that says what to do with it.
 *
 *     uint32 little endian length of blob ‖ blob ‖ UTF-8 JSON object, to the end
 *
 * @module
 */
import {
  bytesToUtf8,
  concatBytes,
  isJsonObject,
  type JsonObject,
  readUint32LE,
  utf8ToBytes,
  writeUint32LE,
} from "../bytes/index.js";
import { onionError } from "./errors.js";

/** What {@link unpackPayload} found. */
export interface UnpackedPayload {
  /** A view into the input, not a copy. */
  readonly blob: Uint8Array;
  readonly control: JsonObject;
}

/** Largest HTTP body that a storage server takes: 10 MiB (docs/protocol/storage-server-behaviour.md §1). */
export const MAX_ONION_BODY: number = 10_485_760;

/** `length ‖ blob ‖ JSON`, with the members of `control` in their order. */
export function packPayload(blob: Uint8Array, control: JsonObject): Uint8Array {
  return packParts([blob], control);
}

/** As {@link packPayload} for a blob in parts, which are copied only here. */
export function packParts(blob: readonly Uint8Array[], control: JsonObject): Uint8Array {
  const length = blob.reduce((sum, part) => sum + part.length, 0);
  return concatBytes(writeUint32LE(length), ...blob, utf8ToBytes(JSON.stringify(control)));
}

/**
 * Splits `length ‖ blob ‖ JSON`.
 *
 * @throws `ONION_PACK_INVALID`; its `details.reason` is the storage server's own wording where it has one
 */
export function unpackPayload(packed: Uint8Array): UnpackedPayload {
  if (packed.length < 4) throw invalid("Unexpected payload size; expected ciphertext size");
  const length = readUint32LE(packed);
  const rest = packed.length - 4;
  if (length > rest) throw invalid(`Unexpected payload size ${rest}, expected >= ${length}`);
  return { blob: packed.subarray(4, 4 + length), control: jsonObject(packed.subarray(4 + length)) };
}

function jsonObject(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytesToUtf8(bytes));
  } catch (cause) {
    throw invalid("[json.exception.parse_error.101] parse error", cause);
  }
  if (!isJsonObject(value)) throw invalid("[json.exception.type_error.304] the JSON is no object");
  return value;
}

function invalid(reason: string, cause?: unknown): ReturnType<typeof onionError> {
  return onionError(
    "ONION_PACK_INVALID",
    "the payload is not a length, a blob and a JSON object",
    { reason },
    cause,
  );
}
