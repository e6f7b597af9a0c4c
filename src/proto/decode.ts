/**
 * Protocol buffer reader driven by the tables in `generated.ts` (docs/protocol/protobuf-schema.md section 0).
 *
 * Follows proto2 as the reference C++ implementation does: any order of fields, packed or unpacked repeats, the last
 * of several scalars, merged sub-messages, replacement characters for malformed UTF-8, overlong varints. A value of the
 * wrong wire type and an undeclared enum value count as unknown fields; those are kept as raw bytes in `$unknown`.
 *
 * @module
 */
import protobuf from "protobufjs/minimal.js";
import { SessionError } from "../errors/index.js";
import type { ProtoErrorCode } from "./errors.js";
import type { FieldSchema, MessageSchema } from "./schema.js";

/** Limits of {@link decodeProto}. */
export interface ProtoDecodeOptions {
  /** Longest input, in bytes. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
}

const MAX_BYTES = 16 * 1024 * 1024;
/** The deepest known message is 4 levels down; groups count too. */
const MAX_DEPTH = 64;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;

type Reader = protobuf.Reader;
type Fields = Record<string, unknown>;

/**
 * Reads a message. Fields that are not on the wire are absent from the result; byte values are views of `bytes`.
 *
 * @throws `PROTO_MALFORMED`, `PROTO_MISSING_FIELD`, `PROTO_TOO_DEEP`, `PROTO_TOO_LARGE`
 */
export function decodeProto<T extends object>(
  schema: MessageSchema<T>,
  bytes: Uint8Array,
  { maxBytes = MAX_BYTES }: ProtoDecodeOptions = {},
): T {
  if (bytes.length > maxBytes) {
    throw error("PROTO_TOO_LARGE", schema.name, `is longer than ${maxBytes} bytes`);
  }
  const message: Fields = {};
  try {
    // A plain view, so that values of a Node Buffer are not Buffers; `Reader.create` would make more of them.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    readMessage(schema, message, new protobuf.Reader(view), view.length, 0);
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError<ProtoErrorCode>("PROTO_MALFORMED", `the ${schema.name} is not a valid message`, {
      cause,
    });
  }
  requireFields(schema, message);
  return message as T;
}

/** Reads fields up to `end` into `message`, which may already hold fields of an earlier occurrence. */
function readMessage(
  schema: MessageSchema<object>,
  message: Fields,
  reader: Reader,
  end: number,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw error("PROTO_TOO_DEEP", schema.name, "is nested too deep");
  const outerEnd = reader.len;
  reader.len = end;
  const unknown: Uint8Array[] = [];
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    const number = tag >>> 3;
    const wireType = tag & 7;
    const field = schema.fields[number];
    const known = field !== undefined && readField(field, wireType, message, reader, depth);
    if (!known) {
      // Back to the value: an undeclared enum value was read before it was seen to be unknown.
      reader.pos = start;
      reader.tag();
      skipValue(reader, number, wireType, depth);
      unknown.push(reader.buf.subarray(start, reader.pos));
    }
  }
  reader.len = outerEnd;
  if (unknown.length > 0)
    message["$unknown"] = joinUnknown(message["$unknown"] as Uint8Array | undefined, unknown);
}

/** Reads the value of a known field; false when its wire type or enum value makes it an unknown one. */
function readField(
  field: FieldSchema,
  wireType: number,
  message: Fields,
  reader: Reader,
  depth: number,
): boolean {
  const { name, kind, schema } = field;
  const repeated = field.rule === "repeated";
  if (schema !== undefined) {
    if (wireType !== DELIMITED) return false;
    const end = delimitedEnd(reader);
    const earlier = message[name] as Fields | undefined;
    const value: Fields = repeated || earlier === undefined ? {} : earlier;
    readMessage(schema, value, reader, end, depth + 1);
    set(message, name, value, repeated);
    return true;
  }
  const expected = wireTypeOf(kind);
  if (wireType === DELIMITED && repeated && expected !== DELIMITED) {
    const end = delimitedEnd(reader);
    const outerEnd = reader.len;
    reader.len = end;
    while (reader.pos < end) set(message, name, readScalar(reader, kind), repeated);
    reader.len = outerEnd;
    return true;
  }
  if (wireType !== expected) return false;
  const value = readScalar(reader, kind);
  if (field.values !== undefined && !field.values.includes(value as number)) return false;
  set(message, name, value, repeated);
  return true;
}

function set(message: Fields, name: string, value: unknown, repeated: boolean): void {
  if (!repeated) {
    message[name] = value;
    return;
  }
  const list = message[name] as unknown[] | undefined;
  if (list === undefined) message[name] = [value];
  else list.push(value);
}

function wireTypeOf(kind: FieldSchema["kind"]): number {
  if (kind === "string" || kind === "bytes") return DELIMITED;
  return kind === "fixed64" || kind === "sfixed64" ? FIXED64 : VARINT;
}

function readScalar(reader: Reader, kind: FieldSchema["kind"]): unknown {
  switch (kind) {
    case "string":
      return reader.string();
    case "bytes":
      return reader.bytes();
    case "bool":
      return reader.bool();
    case "uint32":
      return reader.uint32();
    case "enum":
      return reader.int32();
    case "uint64":
      return readVarint64(reader);
    case "int64":
      return BigInt.asIntN(64, readVarint64(reader));
    case "fixed64":
      return readFixed64(reader);
    default:
      return BigInt.asIntN(64, readFixed64(reader));
  }
}

/** Reads a length and returns where its bytes end, with the position at their start. */
function delimitedEnd(reader: Reader): number {
  const length = reader.size();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("a length exceeds the message");
  return end;
}

/** At most 10 bytes; bits above 64 are dropped. Done in numbers: most values are timestamps below 2^53. */
function readVarint64(reader: Reader): bigint {
  let low = 0;
  for (let factor = 1; factor < 2 ** 49; factor *= 128) {
    const byte = nextByte(reader);
    low += (byte & 0x7f) * factor;
    if (byte < 0x80) return BigInt(low);
  }
  let high = 0;
  for (let factor = 1; factor < 2 ** 21; factor *= 128) {
    const byte = nextByte(reader);
    high += (byte & 0x7f) * factor;
    if (byte < 0x80) return BigInt.asUintN(64, BigInt(low) | (BigInt(high) << 49n));
  }
  throw new RangeError("a varint is longer than 10 bytes");
}

function nextByte(reader: Reader): number {
  if (reader.pos >= reader.len) throw new RangeError("the message ends inside a value");
  return reader.buf[reader.pos++] as number;
}

function readFixed64(reader: Reader): bigint {
  const low = reader.fixed32();
  return (BigInt(reader.fixed32()) << 32n) | BigInt(low);
}

function skipValue(reader: Reader, number: number, wireType: number, depth: number): void {
  if (number === 0) throw new RangeError("field number 0");
  if (depth > MAX_DEPTH) throw error("PROTO_TOO_DEEP", "message", "is nested too deep");
  switch (wireType) {
    case VARINT:
      readVarint64(reader);
      return;
    case FIXED64:
      reader.skip(8);
      return;
    case DELIMITED:
      reader.pos = delimitedEnd(reader);
      return;
    case FIXED32:
      reader.skip(4);
      return;
    case GROUP_START:
      for (;;) {
        const tag = reader.tag();
        if ((tag & 7) === GROUP_END) {
          if (tag >>> 3 !== number) throw new RangeError("a group ends with another number");
          return;
        }
        skipValue(reader, tag >>> 3, tag & 7, depth + 1);
      }
    default:
      throw new RangeError("a wire type that does not exist, or the end of a group that did not begin");
  }
}

function joinUnknown(earlier: Uint8Array | undefined, parts: readonly Uint8Array[]): Uint8Array {
  const all = earlier === undefined ? parts : [earlier, ...parts];
  const joined = new Uint8Array(all.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of all) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Runs after everything was merged: required fields may come from different occurrences of a sub-message. */
function requireFields(schema: MessageSchema<object>, message: Fields): void {
  for (const key in schema.fields) {
    const field = schema.fields[key] as FieldSchema;
    const value = message[field.name];
    if (value === undefined) {
      if (field.rule === "required") throw error("PROTO_MISSING_FIELD", schema.name, `has no ${field.name}`);
    } else if (field.schema !== undefined) {
      for (const part of field.rule === "repeated" ? (value as Fields[]) : [value as Fields]) {
        requireFields(field.schema, part);
      }
    }
  }
}

function error(code: ProtoErrorCode, name: string, reason: string): SessionError<ProtoErrorCode> {
  return new SessionError(code, `the ${name} ${reason}`);
}
