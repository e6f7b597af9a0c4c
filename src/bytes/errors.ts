/** Codes of the errors that this room throws, in a `SessionError`. */
export type BytesErrorCode =
  | "BYTES_INVALID_HEX"
  | "BYTES_INVALID_BASE64"
  | "BYTES_INVALID_BASE32Z"
  | "BYTES_INVALID_UTF8"
  | "BYTES_INVALID_VARINT"
  | "BYTES_OUT_OF_RANGE"
  | BtErrorCode;

/** Codes of the bt-encoding functions. */
export type BtErrorCode =
  /** The input ends inside a value. */
  | "BT_TRUNCATED"
  /** A byte that the grammar does not allow, or a value that bt-encoding cannot hold. */
  | "BT_INVALID"
  /** Lists and dicts are nested deeper than the limit. */
  | "BT_TOO_DEEP"
  /** The input, or the encoding of a value, is longer than the limit. */
  | "BT_TOO_LARGE"
  /** Strict mode: dict keys are not in strictly ascending order (duplicates included). */
  | "BT_UNSORTED"
  /** Strict mode: bytes follow the outermost value. */
  | "BT_TRAILING"
  /** Strict mode: an integer or a length is not written in its shortest form. */
  | "BT_NOT_CANONICAL"
  /** An integer is outside int64 and uint64. */
  | "BT_OUT_OF_RANGE"
  /** The signature pair of a signed dict is absent, misplaced, or wrong. */
  | "BT_BAD_SIGNATURE";
