/** Codes of the errors that this room throws, in a `SessionError`, and of the reasons it gives for ignored messages. */
export type ConfigErrorCode =
  /** A config message breaks the format: order, types, sizes, depth. */
  | "CONFIG_MALFORMED"
  /** A config message must be signed, and its signature is absent or wrong. */
  | "CONFIG_BAD_SIGNATURE"
  /** None of the keys opens a message: another account or domain, or damage. */
  | "CONFIG_DECRYPT_FAILED"
  /** What a message holds is of no known kind; a newer format perhaps. */
  | "CONFIG_UNKNOWN_FORMAT"
  /** The protobuf around a config message is not one of ours. */
  | "CONFIG_UNWRAP_FAILED"
  /** A part of a large config contradicts itself or the other parts. */
  | "CONFIG_PART_INVALID"
  /** A config has grown beyond what may be stored. Nothing was pushed, and no state changed. */
  | "CONFIG_TOO_LARGE"
  /** A key, domain or namespace that config messages cannot have. */
  | "CONFIG_KEY_INVALID"
  /** A value to be set is out of its range or of a wrong form; `details.field` names it. */
  | "CONFIG_VALUE_INVALID"
  /** A config that this device may read only was to be changed or pushed. */
  | "CONFIG_READ_ONLY"
  /** A stored dump cannot be read. */
  | "CONFIG_DUMP_INVALID"
  /** Data is no valid zstd frame. */
  | "ZSTD_INVALID"
  /** Data would decompress to more than is allowed. */
  | "ZSTD_TOO_LARGE";
