import { type BtValue, binaryStringToBytes, bytesToBinaryString } from "session-messenger-sdk/bytes";
import type { ConfigScalar, ConfigValue } from "session-messenger-sdk/config";
import { type Json, toHex } from "../op.js";

const PRINTABLE = /^[\x20-\x7e]*$/;

/** Config data as the vectors show it (README §2). */
export function dataToJson(value: ConfigValue): Json {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") {
    return PRINTABLE.test(value) ? value : { $hex: toHex(binaryStringToBytes(value)) };
  }
  if (value instanceof Set) return [...(value as Set<ConfigScalar>)].sort(compareScalars).map(dataToJson);
  return dictToJson(value as ReadonlyMap<string, ConfigValue>, dataToJson);
}

/** Any bt-encoded value as the vectors show it. */
export function btToJson(value: BtValue): Json {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return dataToJson(bytesToBinaryString(value));
  if (value instanceof Map) return dictToJson(value as ReadonlyMap<string, BtValue>, btToJson);
  return (value as readonly BtValue[]).map(btToJson);
}

function dictToJson<Value>(dict: ReadonlyMap<string, Value>, convert: (value: Value) => Json): Json {
  return Object.fromEntries(
    [...dict].map(([key, value]) => [
      PRINTABLE.test(key) ? key : `hex:${toHex(binaryStringToBytes(key))}`,
      convert(value),
    ]),
  );
}

function compareScalars(a: ConfigScalar, b: ConfigScalar): number {
  if (typeof a !== typeof b) return typeof a === "bigint" ? -1 : 1;
  return a < b ? -1 : 1;
}

/** The binary string of a key in a `raw` path, or of a value in it. */
export function binary(text: string): string {
  const hex = /^hex:(.*)$/.exec(text)?.[1];
  return bytesToBinaryString(hex === undefined ? Buffer.from(text, "utf8") : Buffer.from(hex, "hex"));
}
