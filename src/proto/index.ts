/**
 * Protocol buffers of the network: types and field tables generated from `proto/*.proto`, and one codec for all of
 * them (docs/protocol/protobuf-schema.md).
 *
 * 64-bit values are `bigint`, bytes are `Uint8Array`; a field that is not on the wire is absent.
 *
 * @module
 */
export { decodeProto, type ProtoDecodeOptions } from "./decode.js";
export { encodeProto } from "./encode.js";
export type { ProtoErrorCode } from "./errors.js";
export * from "./generated.js";
export type { FieldSchema, MessageSchema, ScalarKind } from "./schema.js";
