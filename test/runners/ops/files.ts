import type { Crypto } from "session-messenger-sdk/crypto";
import {
  decryptAvatarGcm,
  decryptLegacy,
  decryptStream,
  encryptAvatarGcm,
  encryptLegacy,
  encryptStream,
  legacyPaddedSize,
  streamEncryptedSize,
  streamPadding,
} from "session-messenger-sdk/files";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

/** Up to this many bytes a result is recorded whole. */
const EDGE = 64;
const DOMAINS = { attachment: "attachment", profile_pic: "avatar" } as const;

/** The ops of attachments.json and attachments-more.json. */
export const filesOps: OpTable = {
  "attach.padding": ({ size }) => ({
    padding: streamPadding(size),
    encrypted_size: streamEncryptedSize(size),
  }),

  "attach.legacy_padding": ({ size }) => ({ padded_size: legacyPaddedSize(size) }),

  "attach.stream_encrypt": (input, { crypto, expected }) => {
    const domain = DOMAINS[input.domain as keyof typeof DOMAINS];
    const { blob, key } = encryptStream(dataOf(input), { seed: fromHex(input.seed), domain, crypto });
    return {
      key: toHex(key),
      encrypted_size: blob.length,
      ...described("encrypted", blob, crypto, expected),
    };
  },

  "attach.stream_decrypt": (input, { crypto }) => ({
    data: toHex(decryptStream(fromHex(input.encrypted), { key: fromHex(input.key) }, crypto)),
  }),

  "attach.legacy_encrypt": (input, { crypto, expected }) => {
    const data = dataOf(input);
    const { blob, digest, size } = encryptLegacy(data, {
      key: fromHex(input.key),
      iv: fromHex(input.iv),
      paddedSize: input.padded_size,
      crypto,
    });
    return {
      size,
      digest: toHex(digest),
      ...(expected.padded_size === undefined ? {} : { padded_size: legacyPaddedSize(data.length) }),
      ...(expected.blob_size === undefined ? {} : { blob_size: blob.length }),
      ...described("blob", blob, crypto, expected),
    };
  },

  "attach.legacy_decrypt": (input, { crypto }) => ({
    data: toHex(
      decryptLegacy(
        fromHex(input.blob),
        {
          key: fromHex(input.key),
          size: input.size,
          ...(input.digest === undefined ? {} : { digest: fromHex(input.digest) }),
        },
        crypto,
      ),
    ),
  }),

  "avatar.gcm_encrypt": (input, { crypto, expected }) => {
    const { blob } = encryptAvatarGcm(dataOf(input), {
      key: fromHex(input.key),
      iv: fromHex(input.iv),
      crypto,
    });
    return {
      ...(expected.blob_size === undefined ? {} : { blob_size: blob.length }),
      ...described("blob", blob, crypto, expected),
    };
  },

  "avatar.gcm_decrypt": (input, { crypto }) => ({
    data: toHex(decryptAvatarGcm(fromHex(input.blob), fromHex(input.key), crypto)),
  }),
};

function dataOf(input: Json): Uint8Array {
  return input.pattern_size === undefined
    ? fromHex(input.data)
    : Uint8Array.from({ length: input.pattern_size }, (_, i) => 7 * i);
}

/** A result in the forms that this case records: whole, its hash, its first and last bytes. */
function described(name: string, bytes: Uint8Array, crypto: Crypto, expected: Json): Json {
  const forms: Json = {
    [name]: () => bytes,
    [`${name}_blake2b`]: () => crypto.blake2b(bytes, { size: 32 }),
    [`${name}_prefix`]: () => bytes.subarray(0, EDGE),
    [`${name}_suffix`]: () => bytes.subarray(-EDGE),
  };
  const recorded = Object.keys(forms).filter((form) => expected[form] !== undefined);
  return Object.fromEntries(recorded.map((form) => [form, toHex(forms[form]())]));
}
