/**
 * Names of the chain's name service, as its records hold them (docs/protocol/identity.md §6).
 *
 *     name_hash = BLAKE2b-256(name); key = BLAKE2b-256(name, key = name_hash)
 *     encrypted_value = XChaCha20-Poly1305(key, nonce, 33 bytes of the account id)
 *
 * @module
 */
import { bytesToBase64, bytesToHex, utf8ToBytes } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import { parseAccount } from "./auth.js";
import { invalidOption } from "./errors.js";
import { decodeHex } from "./fields.js";

/** What `ons_resolve` tells about a name. */
export interface NameRecord {
  readonly encryptedValue: string;
  readonly nonce: string;
}

/** The registered names. */
export class NameService {
  readonly #records = new Map<string, NameRecord>();
  readonly #crypto: Crypto;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  register(name: string, sessionId: string, nonce: Uint8Array = this.#crypto.randomBytes(24)): void {
    const lower = name.toLowerCase();
    if (!/^\w(?:[\w-]*\w)?$/.test(lower)) throw invalidOption("this cannot be a name of the name service");
    const id = decodeHex(sessionId, 33);
    if (id === undefined || parseAccount(sessionId).prefix !== 0x05) {
      throw invalidOption("a name stands for an account id: 05 and 64 hex characters");
    }
    const hash = this.#crypto.blake2b(utf8ToBytes(lower), { size: 32 });
    const key = this.#crypto.blake2b(utf8ToBytes(lower), { size: 32, key: hash });
    this.#records.set(bytesToBase64(hash), {
      encryptedValue: bytesToHex(this.#crypto.xchacha20poly1305Encrypt(key, nonce, id)),
      nonce: bytesToHex(nonce),
    });
  }

  /** @param nameHash - base64 */
  resolve(nameHash: string): NameRecord | undefined {
    return this.#records.get(nameHash);
  }
}
