/** Codes of the errors that this room throws, in a `SessionError`. */
export type MessageErrorCode =
  /** The bytes are no message: wrapper, envelope, padding or content cannot be read. */
  | "MESSAGE_MALFORMED"
  /** The ciphertext does not open with the account's keys. */
  | "MESSAGE_DECRYPT_FAILED"
  /** The ciphertext opens, but the sender's signature or key inside is not valid for this recipient. */
  | "MESSAGE_BAD_SIGNATURE"
  /** A recipient that is not an account id or a 32-byte key. */
  | "MESSAGE_INVALID_RECIPIENT"
  /** A key of the wrong length. */
  | "MESSAGE_INVALID_KEY"
  /** A value of the message to send is out of range. */
  | "MESSAGE_INVALID_VALUE"
  /** A text to send has more code points than allowed. */
  | "MESSAGE_TOO_LONG"
  /** More than 32 attachments. */
  | "MESSAGE_TOO_MANY_ATTACHMENTS"
  /** A visible message with nothing to see. */
  | "MESSAGE_EMPTY"
  /** A message to the own account that is not a sync copy: encode it with `encodeSyncCopy`. */
  | "MESSAGE_TO_SELF"
  /** A sync copy of a kind that own devices are not told about. */
  | "MESSAGE_NO_SYNC_COPY"
  /** A name that is empty after trimming. */
  | "NAME_EMPTY"
  /** A name of more than 100 UTF-8 bytes, where it may not be cut. */
  | "NAME_TOO_LONG";
