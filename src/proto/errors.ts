/** Codes of the errors that this room throws, in a `SessionError`. */
export type ProtoErrorCode =
  /** The bytes are not a message: truncated, a bad tag, a bad length, an unbalanced group. */
  | "PROTO_MALFORMED"
  /** A required field is absent, or its enum value is not one of the declared ones. */
  | "PROTO_MISSING_FIELD"
  /** Messages or groups are nested deeper than the limit. */
  | "PROTO_TOO_DEEP"
  /** The input is longer than the limit. */
  | "PROTO_TOO_LARGE"
  /** A value to encode does not fit its field. */
  | "PROTO_INVALID_VALUE";
