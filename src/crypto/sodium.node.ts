/**
 * The native libsodium binding, an optional dependency.
 *
 * It is found at run time through `createRequire`, so that bundlers neither follow nor need it.
 *
 * @module
 */
import { createRequire } from "node:module";
import { SessionError } from "../errors/index.js";
import type { CryptoErrorCode } from "./types.js";

type Output = Uint8Array;
type Input = Uint8Array;

/** The functions of `sodium-native` that are used here. They write to `Output`s and throw when libsodium refuses. */
export interface Sodium {
  randombytes_buf(out: Output): void;
  crypto_generichash(out: Output, message: Input, key?: Input): void;
  readonly crypto_generichash_STATEBYTES: number;
  crypto_generichash_init(state: Output, key: Input | null, size: number): void;
  crypto_generichash_update(state: Output, message: Input): void;
  crypto_generichash_final(state: Output, out: Output): void;
  readonly crypto_secretstream_xchacha20poly1305_STATEBYTES: number;
  crypto_secretstream_xchacha20poly1305_init_pull(state: Output, header: Input, key: Input): void;
  crypto_secretstream_xchacha20poly1305_push(
    state: Output,
    box: Output,
    message: Input,
    aad: Input | null,
    tag: number,
  ): void;
  crypto_secretstream_xchacha20poly1305_pull(
    state: Output,
    message: Output,
    tag: Output,
    box: Input,
    aad: Input | null,
  ): void;
  crypto_sign_seed_keypair(publicKey: Output, secretKey: Output, seed: Input): void;
  crypto_sign_detached(signature: Output, message: Input, secretKey: Input): void;
  crypto_sign_verify_detached(signature: Input, message: Input, publicKey: Input): boolean;
  crypto_sign_ed25519_pk_to_curve25519(out: Output, publicKey: Input): void;
  crypto_sign_ed25519_sk_to_curve25519(out: Output, secretKey: Input): void;
  crypto_scalarmult_base(out: Output, scalar: Input): void;
  crypto_scalarmult(out: Output, scalar: Input, point: Input): void;
  crypto_core_ed25519_scalar_reduce(out: Output, wide: Input): void;
  crypto_core_ed25519_scalar_add(out: Output, a: Input, b: Input): void;
  crypto_core_ed25519_scalar_negate(out: Output, a: Input): void;
  crypto_scalarmult_ed25519_base_noclamp(out: Output, scalar: Input): void;
  crypto_scalarmult_ed25519_noclamp(out: Output, scalar: Input, point: Input): void;
  crypto_core_ed25519_is_valid_point(point: Input): boolean;
  crypto_box_seal(box: Output, message: Input, recipient: Input): void;
  crypto_box_seal_open(out: Output, box: Input, publicKey: Input, secretKey: Input): boolean;
  crypto_box_easy(box: Output, message: Input, nonce: Input, publicKey: Input, secretKey: Input): void;
  crypto_secretbox_easy(box: Output, message: Input, nonce: Input, key: Input): void;
  crypto_secretbox_open_easy(out: Output, box: Input, nonce: Input, key: Input): boolean;
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    box: Output,
    message: Input,
    aad: Input | null,
    unused: null,
    nonce: Input,
    key: Input,
  ): void;
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    out: Output,
    unused: null,
    box: Input,
    aad: Input | null,
    nonce: Input,
    key: Input,
  ): void;
}

const binding: Sodium | undefined = /* @__PURE__ */ load();

/** Whether the binding is installed and works on this machine. */
export const sodiumAvailable: boolean = binding !== undefined;

/** The binding; without it, every use throws `CRYPTO_BACKEND_UNAVAILABLE`. */
export const sodium: Sodium = /* @__PURE__ */ binding ?? unavailable();

function load(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)("sodium-native") as Sodium;
  } catch {
    return undefined;
  }
}

function unavailable(): Sodium {
  return new Proxy({} as Sodium, {
    get(): never {
      throw new SessionError<CryptoErrorCode>(
        "CRYPTO_BACKEND_UNAVAILABLE",
        "the optional package sodium-native is not installed or does not load",
      );
    },
  });
}

/** Runs a libsodium call that fails by throwing; other failures than its refusal pass through. */
export function succeeds(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (error instanceof SessionError) throw error;
    return false;
  }
}
