/**
 * libsodium's `crypto_secretstream_xchacha20poly1305` over noble-ciphers (docs/protocol/attachments.md §3.3).
 *
 * ```text
 * init:  k = HChaCha20(key, header[0..16)),  inonce = header[16..24),  counter = 1
 * push:  N = LE32(counter) ‖ inonce
 *        B = ChaCha20(k, N, block 1) of tag ‖ 63 zeros,  c = ChaCha20(k, N, from block 2) of the message
 *        mac = Poly1305(ChaCha20(k, N, block 0)[0..32), B ‖ c ‖ pad ‖ LE64(0) ‖ LE64(64 + length))
 *        output B[0] ‖ c ‖ mac;  inonce ^= mac[0..8),  counter += 1
 * ```
 *
 * @module
 */
import { Poly1305 } from "@noble/ciphers/_poly1305.js";
import { chacha20, hchacha } from "@noble/ciphers/chacha.js";
import { concatBytes, equalBytes, readUint32LE, writeUint32LE } from "../bytes/index.js";
import { badTag, decryptFailed, requireCipher } from "./checks.js";
import {
  type IncrementalOperations,
  SECRETSTREAM_OVERHEAD,
  type SecretstreamDecryptor,
  type SecretstreamEncryptor,
} from "./incremental.js";

const MAC = 16;
const BLOCK = 64;
const NONCE = 8;
/** This bit of a tag asks for a new key after the message; the tag of the last message has it too. */
const REKEY = 2;
/** "expand 32-byte k" as little-endian words. */
const SIGMA: Uint32Array = /* @__PURE__ */ Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

export const secretstreamOperations: Pick<
  IncrementalOperations,
  "secretstreamEncryptor" | "secretstreamDecryptor"
> = {
  secretstreamEncryptor(key: Uint8Array, header: Uint8Array): SecretstreamEncryptor {
    const state = new State(key, header);
    return { push: (message, tag) => state.push(message, tag) };
  },
  secretstreamDecryptor(key: Uint8Array, header: Uint8Array): SecretstreamDecryptor {
    const state = new State(key, header);
    return { pull: (box) => state.pull(box) };
  },
};

class State {
  #key: Uint8Array;
  #inonce: Uint8Array;
  #counter = 1;

  constructor(key: Uint8Array, header: Uint8Array) {
    requireCipher(key, header, 24);
    const subkey = new Uint32Array(8);
    hchacha(SIGMA, words(key), words(header.subarray(0, 16)), subkey);
    this.#key = concatBytes(...Array.from(subkey, (word) => writeUint32LE(word)));
    // A copy even of a Buffer, whose `slice` is a view.
    this.#inonce = new Uint8Array(header.subarray(16));
  }

  push(message: Uint8Array, tag: number): Uint8Array {
    if (!Number.isInteger(tag) || tag < 0 || tag > 255) throw badTag(tag);
    const nonce = this.#nonce();
    const block = new Uint8Array(BLOCK);
    block[0] = tag;
    const sealedBlock = chacha20(this.#key, nonce, block, undefined, 1);
    const box = new Uint8Array(message.length + SECRETSTREAM_OVERHEAD);
    box[0] = sealedBlock[0] as number;
    const sealed = box.subarray(1, 1 + message.length);
    sealed.set(chacha20(this.#key, nonce, message, undefined, 2));
    const mac = this.#mac(nonce, sealedBlock, sealed);
    box.set(mac, 1 + message.length);
    this.#advance(mac, tag);
    return box;
  }

  pull(box: Uint8Array): { readonly message: Uint8Array; readonly tag: number } {
    if (box.length < SECRETSTREAM_OVERHEAD) throw decryptFailed();
    const nonce = this.#nonce();
    const block = new Uint8Array(BLOCK);
    block[0] = box[0] as number;
    const opened = chacha20(this.#key, nonce, block, undefined, 1);
    const tag = opened[0] as number;
    opened[0] = box[0] as number;
    const sealed = box.subarray(1, box.length - MAC);
    const mac = this.#mac(nonce, opened, sealed);
    if (!equalBytes(mac, box.subarray(box.length - MAC))) throw decryptFailed();
    const message = chacha20(this.#key, nonce, sealed, undefined, 2);
    this.#advance(mac, tag);
    return { message, tag };
  }

  #nonce(): Uint8Array {
    return concatBytes(writeUint32LE(this.#counter), this.#inonce);
  }

  #mac(nonce: Uint8Array, sealedBlock: Uint8Array, sealed: Uint8Array): Uint8Array {
    const mac = new Poly1305(chacha20(this.#key, nonce, new Uint8Array(32)));
    mac.update(sealedBlock).update(sealed);
    // libsodium pads with this many bytes and not with 16 minus as many: part of the format since its first release.
    mac.update(new Uint8Array(sealed.length % MAC));
    const lengths = new Uint8Array(16);
    lengths.set(writeUint32LE(BLOCK + sealed.length), 8);
    return mac.update(lengths).digest();
  }

  #advance(mac: Uint8Array, tag: number): void {
    for (let i = 0; i < NONCE; i++) this.#inonce[i] = (this.#inonce[i] as number) ^ (mac[i] as number);
    this.#counter = (this.#counter + 1) >>> 0;
    if ((tag & REKEY) !== 0 || this.#counter === 0) this.#rekey();
  }

  #rekey(): void {
    const next = chacha20(this.#key, this.#nonce(), concatBytes(this.#key, this.#inonce));
    this.#key = next.slice(0, 32);
    this.#inonce = next.slice(32);
    this.#counter = 1;
  }
}

function words(bytes: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => readUint32LE(bytes, 4 * i));
}
