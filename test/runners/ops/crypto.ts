import { xed25519PublicKey, xed25519Verify } from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

const optional = (hex: Json): Uint8Array | undefined => (typeof hex === "string" ? fromHex(hex) : undefined);

/** Hashes, signatures, key conversions. */
export const cryptoOps: OpTable = {
  hash: ({ size, msg, key }, { crypto }) => {
    // The recorded wrapper has libsodium's lower limit; our function goes down to 1 byte.
    if (size < 16) throw new SessionError("INVALID_ARGUMENT", "the digest is too short for this op");
    return { hash: toHex(crypto.blake2b(fromHex(msg), { size, key: optional(key) })) };
  },

  "hash.salt_personal": ({ size, msg, key, salt, personal }, { crypto }) => ({
    hash: toHex(
      crypto.blake2b(fromHex(msg), {
        size,
        key: optional(key),
        salt: optional(salt),
        personal: optional(personal),
      }),
    ),
  }),

  "ed25519.sign": ({ ed25519_sk, msg }, { crypto }) => {
    // The recorded wrapper also takes a bare seed; our function takes the 64-byte form only.
    const given = fromHex(ed25519_sk);
    const secretKey = given.length === 32 ? crypto.ed25519KeyPair(given).secretKey : given;
    return { sig: toHex(crypto.ed25519Sign(fromHex(msg), secretKey)) };
  },

  "ed25519.verify": ({ sig, ed25519_pk, msg }, { crypto }) => ({
    valid: crypto.ed25519Verify(fromHex(sig), fromHex(msg), fromHex(ed25519_pk)),
  }),

  "convert.ed_pk_to_x_pk": ({ ed25519_pk }, { crypto }) => ({
    x25519_pk: toHex(crypto.ed25519PublicKeyToX25519(fromHex(ed25519_pk))),
  }),

  "convert.ed_sk_to_x_sk": ({ ed25519_sk }, { crypto }) => ({
    x25519_sk: toHex(crypto.ed25519SecretKeyToX25519(fromHex(ed25519_sk))),
  }),

  "xed25519.pubkey": ({ x25519_pk }) => ({ ed25519_pk: toHex(xed25519PublicKey(fromHex(x25519_pk))) }),

  "xed25519.verify": ({ sig, x25519_pk, msg }, { crypto }) => ({
    valid: xed25519Verify(fromHex(sig), fromHex(msg), fromHex(x25519_pk), crypto),
  }),
};
