/**
 * The incremental half of the `Crypto` interface: hashes, ciphers and message streams for input that comes in pieces.
 *
 * Every object is used by one caller from its beginning to its end. The sizes of the pieces change nothing but where
 * the output of a cipher is cut.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { Blake2bOptions, CryptoErrorCode } from "./types.js";

/** A hash over pieces. */
export interface IncrementalHash {
  update(bytes: Uint8Array): void;
  /** The digest of everything; ends the object: any later call throws `CRYPTO_ENDED`. */
  digest(): Uint8Array;
}

/** A block cipher over pieces. */
export interface IncrementalCipher {
  /** What these bytes complete, possibly nothing. */
  update(bytes: Uint8Array): Uint8Array;
  /** The rest; ends the object: any later call throws `CRYPTO_ENDED`. */
  final(): Uint8Array;
}

/** Tag of the last message of a secretstream. */
export const SECRETSTREAM_FINAL = 3;
/** Bytes that a secretstream adds to a message: the encrypted tag and the Poly1305 tag. */
export const SECRETSTREAM_OVERHEAD = 17;

/** The sending end of a secretstream. */
export interface SecretstreamEncryptor {
  /** The next message, {@link SECRETSTREAM_OVERHEAD} bytes longer. `tag` is 0 to 255; bit 1 changes the key after it. */
  push(message: Uint8Array, tag: number): Uint8Array;
}

/** The receiving end of a secretstream. */
export interface SecretstreamDecryptor {
  /** Opens the next message. `CRYPTO_DECRYPT_FAILED` leaves the stream where it was. */
  pull(box: Uint8Array): { readonly message: Uint8Array; readonly tag: number };
}

/** The members of `Crypto` for input in pieces. */
export interface IncrementalOperations {
  sha256Incremental(): IncrementalHash;
  hmacSha256Incremental(key: Uint8Array): IncrementalHash;
  blake2bIncremental(options: Blake2bOptions): IncrementalHash;
  aes256cbcEncryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher;
  /** `final` throws `CRYPTO_DECRYPT_FAILED` for wrong padding and partial blocks. Not authenticated. */
  aes256cbcDecryptor(key: Uint8Array, iv: Uint8Array): IncrementalCipher;
  /** libsodium `crypto_secretstream_xchacha20poly1305` with a given header: 32-byte key, 24-byte header. */
  secretstreamEncryptor(key: Uint8Array, header: Uint8Array): SecretstreamEncryptor;
  secretstreamDecryptor(key: Uint8Array, header: Uint8Array): SecretstreamDecryptor;
}

/** A hash object that refuses to be used after its end, which libraries do in different ways. */
export function incrementalHash(
  update: (bytes: Uint8Array) => unknown,
  digest: () => Uint8Array,
): IncrementalHash {
  const once = lifetime();
  return {
    update(bytes: Uint8Array): void {
      once.use();
      update(bytes);
    },
    digest(): Uint8Array {
      once.end();
      return digest();
    },
  };
}

/** The same for ciphers. */
export function incrementalCipher(
  update: (bytes: Uint8Array) => Uint8Array,
  final: () => Uint8Array,
): IncrementalCipher {
  const once = lifetime();
  return {
    update(bytes: Uint8Array): Uint8Array {
      once.use();
      return update(bytes);
    },
    final(): Uint8Array {
      once.end();
      return final();
    },
  };
}

function lifetime(): { use(): void; end(): void } {
  let ended = false;
  const use = (): void => {
    if (ended) throw new SessionError<CryptoErrorCode>("CRYPTO_ENDED", "the hash or cipher has ended");
  };
  return {
    use,
    end(): void {
      use();
      ended = true;
    },
  };
}
