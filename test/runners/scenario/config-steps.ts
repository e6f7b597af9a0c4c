import { btDecode } from "session-messenger-sdk/bytes";
import {
  type ConfigBase,
  type ConfigPath,
  type ConfigScalar,
  type ConfigValue,
  decryptConfig,
  unpackConfig,
  unpadConfig,
  unwrapConfig,
} from "session-messenger-sdk/config";
import type { Ed25519KeyPair } from "session-messenger-sdk/crypto";
import { fromHex, type Json, toHex } from "../op.js";
import type { Step, World } from "./interpreter.js";
import { binary, btToJson, dataToJson } from "./json.js";

/** A config of a scenario. */
export interface ConfigObject {
  readonly config: ConfigBase;
  /** Newest first. */
  readonly keys: () => readonly Uint8Array[];
  /** The account, where messages are wrapped. */
  readonly wrap: Ed25519KeyPair | undefined;
  /** Makes one of the changes in `sets`, other than `raw`. */
  readonly change: (change: Json) => void;
  /** The typed view. */
  readonly view: () => Json;
}

export function configObject(world: World, name: string): ConfigObject {
  return world.objects.get(name) as ConfigObject;
}

const sorted = (hashes: readonly string[]): string[] => [...hashes].sort();

/** Steps that every kind of config has, those of groups too. */
export const configSteps: Readonly<Record<string, Step>> = {
  "env.now": ({ now_ms }, world) => {
    world.now = now_ms;
    return {};
  },

  set: ({ obj, sets }, world) => {
    const { config, change } = configObject(world, obj);
    for (const item of sets) {
      if (item.raw === undefined) change(item);
      else changeRaw(config, item);
    }
    return { needs_push: config.needsPush };
  },

  push: ({ obj }, world, expected) => {
    const object = configObject(world, obj);
    const { seqno, messages, obsolete } = object.config.push();
    return {
      seqno: Number(seqno),
      messages: messages.map(toHex),
      obsolete: sorted(obsolete),
      decoded: messages.map((message, index) => decodePushed(object, message, expected.decoded?.[index])),
    };
  },

  confirm: ({ obj, seqno, hashes }, world) => {
    const { config } = configObject(world, obj);
    config.confirm(BigInt(seqno), hashes);
    return { needs_push: config.needsPush };
  },

  merge: ({ obj, messages }, world) => {
    const { config } = configObject(world, obj);
    const stored = messages.map(({ hash, data }: Json) => ({ hash, data: fromHex(data) }));
    const { accepted } = config.merge(stored);
    return { accepted: sorted(accepted), needs_push: config.needsPush };
  },

  state: ({ obj }, world, expected) => {
    const { config, view } = configObject(world, obj);
    return {
      seqno: Number(config.seqno),
      data: dataToJson(config.snapshot()),
      state: view(),
      needs_push: config.needsPush,
      current_hashes: sorted(config.currentHashes),
      active_hashes: sorted(config.activeHashes),
      needs_dump: expected.needs_dump,
    };
  },

  // Dumps are local: they must be possible, not equal.
  dump: ({ obj }, world, expected) => {
    configObject(world, obj).config.dump();
    return expected;
  },

  keys: ({ obj }, world) => ({ keys: configObject(world, obj).keys().map(toHex) }),
};

function changeRaw(config: ConfigBase, { raw, int, str, hex, set_add, set_del }: Json): void {
  const path: ConfigPath = raw.map(binary);
  if (set_add === undefined && set_del === undefined) {
    const text = str === undefined ? hex && binary(`hex:${hex}`) : binary(str);
    config.setRaw(path, int === undefined ? text : BigInt(int));
    return;
  }
  const current = path.reduce<ConfigValue | undefined>(
    (value, key) => (value instanceof Map ? value.get(key) : undefined),
    config.snapshot(),
  );
  const set = new Set<ConfigScalar>(current instanceof Set ? current : []);
  if (set_add !== undefined) set.add(scalarOf(set_add));
  if (set_del !== undefined) set.delete(scalarOf(set_del));
  config.setRaw(path, set);
}

function scalarOf(value: Json): ConfigScalar {
  if (typeof value === "number") return BigInt(value);
  return binary(typeof value === "string" ? value : `hex:${value.$hex}`);
}

/** Takes a pushed message apart, layer by layer. */
function decodePushed({ config, keys, wrap }: ConfigObject, message: Uint8Array, expected: Json): Json {
  const [key = new Uint8Array(0)] = keys();
  const { namespace, domain } = config;
  const ciphertext = wrap === undefined ? message : unwrapConfig(message, { ed25519: wrap, namespace });
  const padded = decryptConfig(ciphertext, { key, domain });
  const plain = unpadConfig(padded);
  const bytes = unpackConfig(plain);
  const type = String.fromCharCode(plain[0] ?? 0);
  return {
    protobuf_wrapped: wrap !== undefined,
    ...(wrap === undefined ? {} : { config_ciphertext: toHex(ciphertext) }),
    encryption_key: toHex(key),
    padded_size: padded.length,
    type,
    compressed: type === "z",
    ...(type === "z" ? { compressed_size: plain.length } : {}),
    plaintext: toHex(bytes),
    // The decoded form is left out of the files where it is long.
    ...(expected?.decoded === undefined ? {} : { decoded: btToJson(btDecode(bytes)) }),
  };
}
