/** Codes of the errors that this room throws, in a `SessionError`. */
export type IdentityErrorCode =
  /** A seed is not 16 or 32 bytes. */
  | "SEED_INVALID"
  /** Fewer than 13 words. */
  | "PHRASE_TOO_FEW_WORDS"
  /** More than 13 words, and not 25. */
  | "PHRASE_TOO_MANY_WORDS"
  /** A word is in none of the lists; `details.position` counts from 1. */
  | "PHRASE_UNKNOWN_WORD"
  /** All words are known, but the last one is not the one the others call for. */
  | "PHRASE_CHECKSUM"
  /** Three words stand for a number above 2^32 − 1; no seed encodes to them. `details.position` counts from 1. */
  | "PHRASE_INVALID"
  /** A text is no id, or an id of another kind. */
  | "ID_INVALID"
  /** The 32 bytes of an id, or a key given as bytes, are no usable key. */
  | "KEY_INVALID"
  /** A text cannot be a registered name, or is not in its lower-case form. */
  | "NAME_INVALID"
  /** The value of a name does not open with that name, or holds no Session ID. */
  | "NAME_DECRYPT_FAILED"
  /** A scanned text is none of the things that Session puts into QR codes. */
  | "QR_UNKNOWN"
  /** A text does not fit into a QR code. */
  | "QR_TOO_LONG";
