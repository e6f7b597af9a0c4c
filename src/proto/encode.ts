/**
 * Protocol buffer writer driven by the tables in `generated.ts` (docs/protocol/protobuf-schema.md section 0).
 *
 * A member that is set is written, whatever its value; an absent or `undefined` one is not. Fields go in ascending
 * order, repeated scalars unpacked, `$unknown` after the known ones: the bytes of the reference implementation.
 *
 * @module
 */
import protobuf from "protobufjs/minimal.js";
import { encodeVarint, utf8ToBytes } from "../bytes/index.js";
import { SessionError } from "../errors/index.js";
import type { ProtoErrorCode } from "./errors.js";
import type { FieldSchema, MessageSchema } from "./schema.js";

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

type Writer = protobuf.Writer;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Bytes of a message.
 *
 * @throws `PROTO_MISSING_FIELD` when a required member is absent, `PROTO_INVALID_VALUE` when a value does not fit
 */
export function encodeProto<T extends object>(schema: MessageSchema<T>, message: T): Uint8Array {
  // The base class: `Writer.create()` would give Node's Buffer.
  const writer = new protobuf.Writer();
  writeMessage(schema, message as Fields, writer);
  // `finish()` would hand out a slice of a shared pool.
  return writer.finish(true).slice();
}

function writeMessage(schema: MessageSchema<object>, message: Fields, writer: Writer): void {
  for (const key in schema.fields) {
    const field = schema.fields[key] as FieldSchema;
    const value = message[field.name];
    if (value === undefined) {
      if (field.rule !== "required") continue;
      throw new SessionError<ProtoErrorCode>(
        "PROTO_MISSING_FIELD",
        `the ${schema.name} has no ${field.name}`,
      );
    }
    const number = Number(key);
    if (field.rule !== "repeated") writeField(schema, field, number, value, writer);
    else {
      if (!Array.isArray(value)) throw invalid(schema, field);
      for (const item of value) writeField(schema, field, number, item, writer);
    }
  }
  const unknown = message["$unknown"];
  if (unknown instanceof Uint8Array) writer.raw(unknown);
  else if (unknown !== undefined)
    throw new SessionError<ProtoErrorCode>("PROTO_INVALID_VALUE", "$unknown is not bytes");
}

function writeField(
  schema: MessageSchema<object>,
  field: FieldSchema,
  number: number,
  value: unknown,
  writer: Writer,
): void {
  const written = field.schema === undefined && writeScalar(field, number << 3, value, writer);
  if (written) return;
  if (field.schema === undefined || typeof value !== "object" || value === null) throw invalid(schema, field);
  writer.uint32((number << 3) | DELIMITED).fork();
  writeMessage(field.schema, value as Fields, writer);
  writer.ldelim();
}

/** Writes tag and value; false when the value does not fit the field. */
function writeScalar(field: FieldSchema, tag: number, value: unknown, writer: Writer): boolean {
  switch (field.kind) {
    case "string":
      if (typeof value !== "string") return false;
      // Not `writer.string`: it writes a lone surrogate as bytes that are not UTF-8.
      writer.uint32(tag | DELIMITED).bytes(utf8ToBytes(value));
      return true;
    case "bytes":
      if (!(value instanceof Uint8Array)) return false;
      writer.uint32(tag | DELIMITED).bytes(value);
      return true;
    case "bool":
      if (typeof value !== "boolean") return false;
      writer.uint32(tag | VARINT).bool(value);
      return true;
    case "uint32":
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffff_ffff) return false;
      writer.uint32(tag | VARINT).uint32(value as number);
      return true;
    case "enum":
      if (!field.values?.includes(value as number)) return false;
      writer.uint32(tag | VARINT).int32(value as number);
      return true;
    case "uint64":
    case "fixed64":
      if (typeof value !== "bigint" || value < 0n || value > UINT64_MAX) return false;
      writeUint64(field.kind, tag, value, writer);
      return true;
    case "int64":
    case "sfixed64":
      if (typeof value !== "bigint" || value < INT64_MIN || value > INT64_MAX) return false;
      writeUint64(field.kind, tag, BigInt.asUintN(64, value), writer);
      return true;
    default:
      return false;
  }
}

function writeUint64(kind: FieldSchema["kind"], tag: number, value: bigint, writer: Writer): void {
  const low = Number(value & 0xffff_ffffn);
  const high = Number(value >> 32n);
  if (kind === "fixed64" || kind === "sfixed64") {
    writer
      .uint32(tag | FIXED64)
      .fixed32(low)
      .fixed32(high);
    return;
  }
  writer.uint32(tag | VARINT);
  // Numbers are exact below 2^53, which every timestamp is.
  if (high < 0x20_0000) writer.uint64(high * 0x1_0000_0000 + low);
  else writer.raw(encodeVarint(value));
}

function invalid(schema: MessageSchema<object>, field: FieldSchema): SessionError<ProtoErrorCode> {
  return new SessionError("PROTO_INVALID_VALUE", `${schema.name}.${field.name} is not a valid ${field.kind}`);
}
