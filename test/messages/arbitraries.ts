import fc from "fast-check";
import {
  type Content,
  ContentSchema,
  type Envelope,
  EnvelopeSchema,
  type FieldSchema,
  type MessageSchema,
} from "session-messenger-sdk/proto";

/** Fields 19 and 300, which no message has: a varint and two bytes. */
const unknownField = fc.constantFrom(Uint8Array.of(0x98, 1, 5), Uint8Array.of(0xe2, 0x12, 2, 1, 2));

const values: Readonly<Record<FieldSchema["kind"], (field: FieldSchema) => fc.Arbitrary<unknown>>> = {
  string: () => fc.string({ unit: "grapheme", maxLength: 12 }),
  bytes: () => fc.uint8Array({ maxLength: 12 }),
  bool: () => fc.boolean(),
  uint32: () => fc.nat(0xffff_ffff),
  uint64: () => fc.bigInt(0n, 2n ** 64n - 1n),
  fixed64: () => fc.bigInt(0n, 2n ** 64n - 1n),
  int64: () => fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  sfixed64: () => fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  enum: ({ values: declared = [] }) => fc.constantFrom(...declared),
  message: ({ schema }) => messageArbitrary(schema as MessageSchema<object>),
};

/** Any message of a schema: required fields always, the others at random. */
export function messageArbitrary<T extends object>(schema: MessageSchema<T>): fc.Arbitrary<T> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  const required: string[] = [];
  for (const field of Object.values(schema.fields)) {
    const value = values[field.kind](field);
    members[field.name] = field.rule === "repeated" ? fc.array(value, { minLength: 1, maxLength: 3 }) : value;
    if (field.rule === "required") required.push(field.name);
  }
  members["$unknown"] = unknownField;
  return fc.record(members, {
    requiredKeys: required,
    noNullPrototype: true,
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<T>;
}

export const contentArbitrary: fc.Arbitrary<Content> = messageArbitrary(ContentSchema);

/** Envelopes that a receiver reads: with content, and members of the right form. */
export const envelopeArbitrary: fc.Arbitrary<Envelope> = messageArbitrary(EnvelopeSchema).map(
  ({ source: _source, proSig: _proSig, ...envelope }) => ({ content: new Uint8Array(3), ...envelope }),
);
