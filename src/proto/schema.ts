/**
 * The form of the field tables in `generated.ts`.
 *
 * @module
 */

/** How a field is written. */
export type ScalarKind = "string" | "bytes" | "bool" | "uint32" | "uint64" | "int64" | "fixed64" | "sfixed64";

/** One field of a message. */
export interface FieldSchema {
  readonly name: string;
  readonly kind: ScalarKind | "enum" | "message";
  readonly rule: "required" | "optional" | "repeated";
  /** Enums: the declared values. Any other is an unknown field. */
  readonly values?: readonly number[];
  /** Messages: their table. */
  readonly schema?: MessageSchema<object>;
}

/**
 * One message.
 *
 * @typeParam T - the message's form in TypeScript
 */
export interface MessageSchema<T> {
  readonly name: string;
  /** By field number; integer keys enumerate in ascending order, which is the order of writing. */
  readonly fields: Readonly<Record<number, FieldSchema>>;
  /** Never set: ties the table to its type. */
  readonly type?: T;
}
