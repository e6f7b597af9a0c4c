/**
 * Checks what a recorded storage transcript file says that needs no server: request signatures, message hashes, node
 * signatures and swarm mappings (docs/protocol/swarm.md §4 to §8).
 *
 * Every value comes from the file: other files of the same layout, with other keys, are checked by the same code.
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Crypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { decryptNameValue, nameHash } from "session-messenger-sdk/identity";
import * as swarm from "session-messenger-sdk/swarm";
import { fromHex, type Json } from "./op.js";

/** One check; `expected` comes from the file, `got` from the library. */
export interface TranscriptCheck {
  readonly case: string;
  readonly ok: boolean;
  readonly expected?: string;
  readonly got?: string;
}

/** A request of a transcript, or one inside its `batch`, `sequence` or `ifelse`, with its answer. */
interface Exchange {
  readonly label: string;
  /** Index inside a batch. */
  readonly index?: number;
  readonly method: string;
  readonly params: Json;
  readonly code: number;
  readonly body: Json;
}

/**
 * Signatures that were altered after signing (test/vectors, storage-rpc.md): there the recorded message tells what the
 * untouched one was over.
 */
const ALTERED = /format|token-signature|uppercase|no-subaccount_sig/;

/** The names of methods whose answers hold an entry for each member of the swarm. */
const BEFORE = { delete_all: "timestamp", delete_before: "before", expire_all: "expiry" } as const;

/** Runs every check that the file allows. */
export function checkStorageTranscripts(file: Json, crypto: Crypto): TranscriptCheck[] {
  const checks: TranscriptCheck[] = [];
  const add = (name: string, expected: unknown, got: unknown): void => {
    const ok = isDeepStrictEqual(expected, got);
    checks.push(ok ? { case: name, ok } : { case: name, ok, expected: show(expected), got: show(got) });
  };
  const attempt = (name: string, expected: unknown, get: () => unknown): void => {
    try {
      add(name, expected, get());
    } catch (error) {
      add(
        name,
        expected,
        `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      );
    }
  };
  for (const transcript of file.transcripts) {
    const request = requestOf(transcript);
    if (request === undefined) continue;
    const exchanges = flatten(transcript.id, request, answerOf(transcript.response));
    for (const signature of transcript.signatures ?? [])
      checkRequestSignature(file, transcript, exchanges, signature, crypto, attempt);
    for (const exchange of exchanges) {
      checkHashes(exchange, crypto, attempt);
      checkSwarmAnswer(file, exchange, crypto, attempt);
    }
    checkNodeSignatures(file, transcript, exchanges, crypto, attempt);
  }
  checkMappings(file, attempt);
  checkNames(file, crypto, attempt);
  return checks;
}

type Attempt = (name: string, expected: unknown, get: () => unknown) => void;

/** The parsed request, if it is JSON with method and params; a body that was left out is built again. */
function requestOf(transcript: Json): { method: string; params: Json } | undefined {
  const { body, body_omitted: omitted } = transcript.request;
  const text = typeof body === "string" ? body : omitted === undefined ? undefined : rebuildBody(omitted);
  const value = text === undefined ? omitted?.template : parseJson(text);
  return typeof value?.method === "string" && typeof value.params === "object" && value.params !== null
    ? value
    : undefined;
}

/** Fills in the data that was cut out of a large body: one repeated byte, right if length and SHA-256 are. */
function rebuildBody({ template, sha256, length }: Json): string | undefined {
  const cut = /^(.*)\.\.\.\((\d+) chars\)$/.exec(template?.params?.data ?? "");
  if (cut === null) return undefined;
  const first = Buffer.from(cut[1]!, "base64")[0] ?? 0;
  for (const missing of [0, 1, 2]) {
    const data = Buffer.alloc((Number(cut[2]) / 4) * 3 - missing, first).toString("base64");
    const text = JSON.stringify({ ...template, params: { ...template.params, data } });
    if (text.length === length && createHash("sha256").update(text).digest("hex") === sha256) return text;
  }
  return undefined;
}

function answerOf(response: Json): { code: number; body: Json } {
  const body = response?.json ?? (typeof response?.raw === "string" ? parseJson(response.raw) : undefined);
  return { code: response?.status ?? 0, body: body ?? response?.text };
}

function flatten(label: string, request: Json, answer: { code: number; body: Json }): Exchange[] {
  const { method, params } = request;
  if (method === "batch" || method === "sequence") {
    const entries: Json[] = Array.isArray(params.requests) ? params.requests : [];
    return entries.flatMap((entry, index) => {
      const inner = answer.body?.results?.[index] ?? { code: answer.code };
      if (typeof entry?.method !== "string") return [];
      return flatten(`${label}[${index}]`, { params: {}, ...entry }, inner).map((exchange) => ({
        ...exchange,
        index,
      }));
    });
  }
  if (method === "ifelse") {
    const entry = answer.body?.condition === true ? params.then : params.else;
    const inner = answer.body?.result;
    return entry === undefined || inner === undefined ? [] : flatten(`${label}.result`, entry, inner);
  }
  return [{ label, method, params, ...answer }];
}

function checkRequestSignature(
  file: Json,
  transcript: Json,
  exchanges: readonly Exchange[],
  { param, key, message, message_encoding, subrequest }: Json,
  crypto: Crypto,
  attempt: Attempt,
): void {
  const exchange = exchanges.find(({ index }) => index === subrequest);
  const name = `${exchange?.label ?? transcript.id} request ${param}`;
  const recorded: unknown = exchange?.params[param];
  const bytes = message_encoding === "hex" ? fromHex(message) : new TextEncoder().encode(message);
  attempt(name, "reproduced", () => {
    const seed = fromHex(file.keys[key].seed);
    const signature = Buffer.from(crypto.ed25519Sign(bytes, crypto.ed25519KeyPair(seed).secretKey));
    if (!matches(recorded, signature.toString("base64")) && !ALTERED.test(transcript.id))
      return `signature ${signature.toString("base64")} instead of ${String(recorded)}`;
    if (exchange === undefined) return "no such subrequest";
    const text = signedText(exchange, param);
    if (
      text !== undefined &&
      Buffer.compare(text, bytes) !== 0 &&
      exchange.code >= 200 &&
      exchange.code <= 299
    )
      return `signed text ${Buffer.from(text).toString("latin1")}`;
    return "reproduced";
  });
}

/** Equal, with or without padding; long strings of a body that was left out are cut. */
function matches(recorded: unknown, signature: string): boolean {
  if (typeof recorded !== "string") return false;
  const cut = /^(.*)\.\.\.\((\d+) chars\)$/.exec(recorded);
  if (cut !== null) return signature.startsWith(cut[1]!) && signature.length === Number(cut[2]);
  return recorded.replace(/=+$/, "") === signature.replace(/=+$/, "");
}

/** What the library would sign for these params; `undefined` where the request has not what that takes. */
function signedText({ method, params }: Exchange, param: string): Uint8Array | undefined {
  try {
    if (param === "subaccount_sig") return swarm.subaccountTokenFromText(params.subaccount);
    const namespace = params.namespace ?? 0;
    const hashes = list(params.messages);
    switch (method) {
      case "store":
        return swarm.storeSignedText(namespace, params.sig_timestamp ?? params.timestamp);
      case "retrieve":
        return swarm.retrieveSignedText(namespace, params.timestamp);
      case "delete":
        return swarm.deleteSignedText(hashes);
      case "delete_all":
        return swarm.deleteAllSignedText(namespace, params.timestamp);
      case "delete_before":
        return swarm.deleteBeforeSignedText(namespace, params.before);
      case "expire_all":
        return swarm.expireAllSignedText(namespace, params.expiry);
      case "expire":
        return swarm.expireSignedText(
          hashes,
          params.expiry,
          params.extend ? "extend" : params.shorten ? "shorten" : undefined,
        );
      case "get_expiries":
        return swarm.getExpiriesSignedText(hashes, params.timestamp);
      case "revoke_subaccount":
        return swarm.revokeSignedText(tokens(params.revoke), params.timestamp);
      case "unrevoke_subaccount":
        return swarm.unrevokeSignedText(tokens(params.unrevoke), params.timestamp);
      case "revoked_subaccounts":
        return swarm.revokedSubaccountsSignedText(params.timestamp);
      default:
        return undefined;
    }
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
}

function checkHashes(
  { label, method, params, code, body }: Exchange,
  crypto: Crypto,
  attempt: Attempt,
): void {
  if (code !== 200 || typeof body !== "object" || body === null) return;
  const pubkey = params.pubkey ?? params.pubKey;
  const namespace = params.namespace ?? 0;
  const hashOf = (data: string): string =>
    swarm.messageHash(pubkey, namespace, Buffer.from(data, "base64"), crypto);
  if (method === "store" && typeof body.hash === "string" && !isCut(params.data)) {
    const entries = Object.entries<Json>(body.swarm ?? {}).filter(([, entry]) => entry.hash !== undefined);
    attempt(`${label} hash`, body.hash, () => hashOf(params.data));
    for (const [node, entry] of entries)
      attempt(`${label} hash of ${node}`, entry.hash, () => hashOf(params.data));
  }
  if (
    method === "retrieve" &&
    Array.isArray(body.messages) &&
    !body.messages.some(({ data }: Json) => isCut(data))
  ) {
    // A server writes no bytes as "=".
    const recorded = body.messages.map((message: Json) =>
      message.data === "=" ? { ...message, data: "" } : message,
    );
    attempt(`${label} messages`, recorded, () =>
      swarm.parseRetrieveReply(body, { pubkey, namespace }, crypto).messages.map(({ data, ...message }) => ({
        data: Buffer.from(data).toString("base64"),
        ...message,
      })),
    );
  }
}

/** True for a long string of which the file holds the beginning only. */
function isCut(text: string): boolean {
  return /\.\.\.\(\d+ chars\)$/.test(text);
}

/** The swarm that a node names, for `get_swarm` and every 421. */
function checkSwarmAnswer(file: Json, exchange: Exchange, crypto: Crypto, attempt: Attempt): void {
  const { label, params, body } = exchange;
  if (!Array.isArray(body?.snodes)) return;
  attempt(`${label} swarm`, [body.swarm, []], () => {
    const reply = swarm.parseSwarmReply(body, crypto);
    const id = swarm.swarmIdFor(params.pubkey ?? params.pubKey, file.swarm_ids.map(BigInt));
    const strangers = reply.nodes.filter(
      ({ ed25519PublicKey, x25519PublicKey }) =>
        !file.nodes.some(
          (node: Json) =>
            node.ed25519_pubkey === ed25519PublicKey &&
            node.x25519_pubkey === x25519PublicKey &&
            BigInt(`0x${node.swarm}`) === reply.swarmId,
        ),
    );
    return [id.toString(16), strangers];
  });
}

/** Every signature of a swarm member, over the text that the library rebuilds from request and answer. */
function checkNodeSignatures(
  file: Json,
  transcript: Json,
  exchanges: readonly Exchange[],
  crypto: Crypto,
  attempt: Attempt,
): void {
  const members = new Set<string>(file.nodes.map((node: Json) => node.ed25519_pubkey));
  const counts = new Map<string, number>();
  for (const exchange of exchanges) {
    const entries = Object.entries<Json>(exchange.body?.swarm ?? {});
    if (typeof exchange.body?.swarm !== "object" || exchange.code === 421) continue;
    const signed = entries.filter(([, entry]) => typeof entry?.signature === "string");
    for (const [node, entry] of signed) {
      attempt(`${exchange.label} signature of ${node}`, true, () => {
        const text = nodeText(exchange, entry);
        if (text === undefined) return `no text for ${exchange.method}`;
        const shown = textOrHex(text);
        counts.set(shown, (counts.get(shown) ?? 0) + 1);
        return swarm.verifyNodeSignature(node, text, Buffer.from(entry.signature, "base64"), crypto);
      });
    }
    attempt(`${exchange.label} reply`, signed.map(([node]) => node).sort(), () =>
      parseReply(exchange, members, crypto)
        .filter(({ ok }) => ok)
        .map(({ node }) => node)
        .sort(),
    );
  }
  if (transcript.node_signed === undefined) return;
  const recorded = transcript.node_signed.map(({ message, nodes }: Json) => [message, nodes]);
  attempt(`${transcript.id} signed texts`, recorded.sort(), () => [...counts].sort());
}

/** Printable ASCII as it is, else hexadecimal with a prefix, as the files have it. */
function textOrHex(bytes: Uint8Array): string {
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? Buffer.from(bytes).toString("latin1") : `hex:${Buffer.from(bytes).toString("hex")}`;
}

function nodeText({ method, params }: Exchange, entry: Json): Uint8Array | undefined {
  const { pubkey } = params;
  const hashes = list(params.messages);
  switch (method) {
    case "store":
      return swarm.storeNodeText(entry.hash);
    case "delete":
      return swarm.deleteNodeText(pubkey, hashes, entry.deleted);
    case "delete_all":
    case "delete_before":
    case "expire_all":
      return swarm.changedNodeText(
        pubkey,
        params[BEFORE[method]],
        Object.values(entry.deleted ?? entry.updated).flat() as string[],
      );
    case "expire": {
      const unchanged =
        entry.unchanged === undefined ? undefined : new Map<string, number>(Object.entries(entry.unchanged));
      return swarm.expireNodeText(pubkey, hashes, { ...entry, unchanged });
    }
    case "revoke_subaccount":
    case "unrevoke_subaccount":
      return swarm.revokeNodeText(pubkey, params.timestamp, tokens(params.revoke ?? params.unrevoke));
    default:
      return undefined;
  }
}

function parseReply(
  { method, params, body }: Exchange,
  members: ReadonlySet<string>,
  crypto: Crypto,
): readonly swarm.MemberResult<unknown>[] {
  const { pubkey, timestamp } = params;
  const context = { members };
  const hashes = list(params.messages);
  switch (method) {
    case "store": {
      const request = { pubkey, namespace: params.namespace ?? 0, data: Buffer.from(params.data, "base64") };
      return swarm.parseStoreReply(body, request, context, crypto).swarm;
    }
    case "delete":
      return swarm.parseDeleteReply(body, { pubkey, hashes }, context, crypto).swarm;
    case "delete_all":
    case "delete_before":
      return swarm.parseDeleteManyReply(body, { pubkey, time: params[BEFORE[method]] }, context, crypto)
        .swarm;
    case "expire_all":
      return swarm.parseExpireAllReply(body, { pubkey, expiry: params.expiry }, context, crypto).swarm;
    case "expire":
      return swarm.parseExpireReply(body, { pubkey, hashes }, context, crypto).swarm;
    default: {
      const request = { pubkey, timestamp, tokens: tokens(params.revoke ?? params.unrevoke) };
      return swarm.parseRevokeReply(body, request, context, crypto).swarm;
    }
  }
}

function checkMappings(file: Json, attempt: Attempt): void {
  for (const { name, swarm_ids_hex, cases } of file.swarm_mapping ?? []) {
    const ids = swarm_ids_hex.map((id: string) => BigInt(`0x${id}`));
    for (const { pubkey, swarm_space, swarm: expected } of cases) {
      attempt(
        `swarm_mapping ${name} ${pubkey}`,
        [BigInt(`0x${swarm_space}`), BigInt(`0x${expected}`)],
        () => [swarm.swarmSpace(pubkey), swarm.swarmIdFor(pubkey, ids)],
      );
    }
  }
  for (const [name, { pubkey, swarm_space, swarm_id }] of Object.entries<Json>(file.keys)) {
    if (swarm_space === undefined) continue;
    attempt(`keys ${name}`, [BigInt(swarm_space), BigInt(swarm_id)], () => [
      swarm.swarmSpace(pubkey),
      swarm.swarmIdFor(pubkey, file.swarm_ids.map(BigInt)),
    ]);
  }
}

function checkNames(file: Json, crypto: Crypto, attempt: Attempt): void {
  for (const [hash, { name, encrypted_value, nonce, value }] of Object.entries<Json>(file.ons ?? {})) {
    attempt(`ons ${name}`, [hash, value], () => [
      Buffer.from(nameHash(name, crypto)).toString("base64"),
      decryptNameValue({ name, ciphertext: fromHex(encrypted_value), nonce: fromHex(nonce) }, crypto),
    ]);
  }
}

/** Servers take a single value for a list of one. */
function list(value: Json): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function tokens(value: Json): Uint8Array[] {
  return list(value).map((token) => swarm.subaccountTokenFromText(token));
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  return typeof value === "string"
    ? value
    : (JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item)) ??
        String(value));
}
