import {
  type Contacts,
  decryptConfig,
  encryptConfig,
  padConfig,
  paddedConfigLength,
  unwrapConfig,
  wrapConfig,
  zstdDecompress,
} from "session-messenger-sdk/config";
import type { Crypto, Ed25519KeyPair } from "session-messenger-sdk/crypto";
import { fromHex, type Json, type OpContext, type OpTable, toHex } from "../op.js";
import { groupScenarios } from "../scenario/groups.js";
import { runScenario, type ScenarioPart } from "../scenario/interpreter.js";
import { contactToJson, newUserConfig, userConfigs } from "../scenario/user-configs.js";

/** Everything that scenarios may be made of. */
const scenarioParts: readonly ScenarioPart[] = [userConfigs, groupScenarios];

const configKey = ({ key, domain }: Json): { key: Uint8Array; domain: string } => ({
  key: fromHex(key),
  domain,
});

/** The ops of config-*.json. */
export const configOps: OpTable = {
  "config.encrypt": (input, { crypto }) => ({
    ciphertext: toHex(encryptConfig(fromHex(input.msg), configKey(input), crypto)),
  }),

  "config.decrypt": (input, { crypto }) => ({
    msg: toHex(decryptConfig(fromHex(input.ciphertext), configKey(input), crypto)),
  }),

  "config.padded_size": ({ size }) => ({ size: paddedConfigLength(size) }),

  "config.pad": ({ msg }) => ({ padded: toHex(padConfig(fromHex(msg))) }),

  "config.zstd_decompress": ({ data, max_size }) => ({
    data: toHex(zstdDecompress(fromHex(data), max_size)),
  }),

  "config.wrap": (input, { crypto }) => {
    const context = {
      ed25519: keyPair(input, crypto),
      namespace: input.namespace,
      seqno: BigInt(input.seqno),
    };
    return { wrapped: toHex(wrapConfig(fromHex(input.data), context, crypto)) };
  },

  "config.unwrap": (input, { crypto }) => {
    const context = { ed25519: keyPair(input, crypto), namespace: input.namespace };
    return { data: toHex(unwrapConfig(fromHex(input.data), context, crypto)) };
  },

  // The prefixes are as long as the recorded ones.
  "multipart.parts": (input, { crypto, expected }) => {
    const { config, keys } = newUserConfig(input, { crypto, now: 0 });
    const messages: Uint8Array[] = input.messages.map(fromHex);
    config.merge(messages.map((data, index) => ({ hash: `part${index}`, data })));
    const [key = new Uint8Array(0)] = keys();
    return {
      seqno: Number(config.seqno),
      part_plaintext_prefixes: messages.map((data, index) => {
        const plain = decryptConfig(data, { key, domain: config.domain }, crypto);
        return toHex(plain).slice(0, expected.part_plaintext_prefixes[index].length);
      }),
    };
  },

  "multipart.merge": (input, context) => {
    const { config } = newUserConfig(input, { crypto: context.crypto, now: 0 });
    return {
      after_each: input.merges.map((merge: Json[]) => {
        const { accepted } = config.merge(merge.map((part) => storedPart(part, context)));
        const contacts = [...(config as Contacts)].map(contactToJson);
        return {
          accepted: [...accepted].sort(),
          active_hashes: [...config.activeHashes].sort(),
          current_hashes: [...config.currentHashes].sort(),
          seqno: Number(config.seqno),
          size: contacts.length,
          ...(contacts.length === 0 ? {} : { first: contacts[0], last: contacts.at(-1) }),
        };
      }),
    };
  },

  scenario: (input, context) => runScenario(scenarioParts, input, context),
};

/** The secret key as it is given: 64 bytes, or the seed alone. */
function keyPair({ ed25519_sk }: Json, crypto: Crypto): Ed25519KeyPair {
  const seed = fromHex(ed25519_sk).slice(0, 32);
  return crypto.ed25519KeyPair(seed);
}

/** Parts are those of the file's own case of op `multipart.parts`. */
function storedPart(
  { hash, part, flip_byte }: Json,
  { cases }: OpContext,
): { hash: string; data: Uint8Array } {
  const parts = cases?.find(({ op }) => op === "multipart.parts");
  const data = fromHex(parts.input.messages[part]);
  if (flip_byte !== undefined) data[flip_byte] = (data[flip_byte] as number) ^ 1;
  return { hash, data };
}
