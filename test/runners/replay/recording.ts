/** What a transcript file says about the network it was recorded from, and the requests in it. */
import { createHash } from "node:crypto";
import type { TestnetNodeKeys } from "session-messenger-sdk/testnet";
import { fromHex, type Json } from "../op.js";

/** Node keys of several files by Ed25519 key: not every file has all of them. */
export type KnownKeys = ReadonlyMap<string, Json>;

/** Gathers the nodes of all transcript files in a directory. */
export function collectKeys(files: readonly Json[]): KnownKeys {
  const keys = new Map<string, Json>();
  for (const node of files.flatMap((file) => file.nodes ?? [])) {
    keys.set(node.ed25519_pubkey, { ...keys.get(node.ed25519_pubkey), ...node });
  }
  return keys;
}

/** The nodes of one file as the test network takes them, in the order of the file. */
export function nodeKeys(file: Json, known: KnownKeys): readonly TestnetNodeKeys[] {
  return file.nodes.map((node: Json) => {
    const all = { ...known.get(node.ed25519_pubkey), ...node };
    return {
      ed25519Seed: all.ed25519_seed === undefined ? undefined : fromHex(all.ed25519_seed),
      ed25519PublicKey: all.ed25519_pubkey,
      x25519SecretKey: all.x25519_seckey === undefined ? undefined : fromHex(all.x25519_seckey),
      swarmId: parseSwarmId(all.swarm),
    };
  });
}

/** True if the node's recorded signatures can be made again. */
export function canSign(node: Json, known: KnownKeys): boolean {
  return (node.ed25519_seed ?? known.get(node.ed25519_pubkey)?.ed25519_seed) !== undefined;
}

export const parseSwarmId = (hex: string): bigint => BigInt(hex.startsWith("0x") ? hex : `0x${hex}`);

/** JSON text with every integer above 2^53 quoted, parsed. */
export function parseExactly(text: string): Json {
  return JSON.parse(text.replace(/([:[,]\s*)(\d{16,})(?=\s*[,}\]])/g, '$1"big:$2"'));
}

/** The exact body of a request; a very long one is made again from its description. */
export function requestBody(request: Json): Buffer {
  const omitted = request.body_omitted;
  if (omitted === undefined) return Buffer.from(request.body ?? "");
  for (const missing of [0, 1, 2]) {
    const body = Buffer.from(JSON.stringify(expand(omitted.template, missing)));
    if (body.length === omitted.length && sha256(body) === omitted.sha256) return body;
  }
  throw new Error("the omitted body cannot be made again from its description");
}

/** The request that stores message `index` of a series whose first one is described. */
export function seriesBody(omitted: Json, index: number): Buffer {
  const first = expand(omitted.template, 0);
  const { length } = Buffer.from(first.params.data, "base64");
  first.params.data = Buffer.alloc(length, index).toString("base64");
  first.params.timestamp += index;
  return Buffer.from(JSON.stringify(first));
}

/** Strings cut to `<begin>...(N chars)` are base64 of one repeated byte; `missing` of three bytes at the end are not there. */
function expand(value: Json, missing: number): Json {
  if (Array.isArray(value)) return value.map((item) => expand(item, missing));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, missing)]));
  }
  const cut = typeof value === "string" ? /^(.*)\.\.\.\((\d+) chars\)$/.exec(value) : null;
  if (cut === null) return value;
  const byte = Buffer.from(cut[1] ?? "", "base64")[0] ?? 0;
  return Buffer.alloc((Number(cut[2]) / 4) * 3 - missing, byte).toString("base64");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
