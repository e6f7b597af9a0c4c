/**
 * Swarm members among themselves: handing calls on, keeping them for members that are switched off, pushing messages to
 * a member that joins, or out of a swarm that dissolves (docs/protocol/storage-server-behaviour.md §12).
 *
 * @module
 */
import { bytesToUtf8, utf8ToBytes } from "../bytes/index.js";
import { parseAccount } from "./auth.js";
import { decodeBase64, encodeBase64 } from "./fields.js";
import { type JsonObject, type JsonValue, parseJson, toJson } from "./json.js";
import type { StorageNode } from "./node.js";
import { type PeerOutcome, PeerPath } from "./peers.js";
import { swarmFor } from "./placement.js";
import { runCall } from "./rpc.js";
import type { ForwardedCall, RpcResponse } from "./rpc-types.js";
import { within } from "./wait.js";
import type { World } from "./world.js";

/** A call kept for a member that is switched off. */
export interface KeptCall {
  readonly to: StorageNode;
  readonly call: WrittenCall;
  /** The keeper's clock when it came. */
  readonly keptAt: number;
  /** Gives the member's entry to the call that may still wait for it. */
  readonly answer: (entry: JsonObject) => void;
}

/** A call as it goes out. */
export interface WrittenCall {
  readonly method: string;
  readonly body: Uint8Array;
}

const TIMED_OUT: JsonObject = { failed: true, timeout: true };
const UNREADABLE: JsonObject = { failed: true, bad_peer_response: true };
const PUSH_BATCH_BYTES = 1_000_000;

/** Hands a call on to every other member of the node's swarm; each one's entry. Never rejects. */
export async function distribute(
  world: World,
  from: StorageNode,
  { method, params }: ForwardedCall,
): Promise<Readonly<Record<string, JsonObject>>> {
  const members = world.nodes.filter((node) => node !== from && node.swarmId === from.swarmId);
  let body: Uint8Array;
  try {
    body = utf8ToBytes(JSON.stringify({ method, params }));
  } catch {
    // Read, but nested too deeply to be written again.
    return Object.fromEntries(members.map(({ ed25519PublicKey }) => [ed25519PublicKey, UNREADABLE]));
  }
  const entries = await Promise.all(
    members.map(async (member) => {
      return [member.ed25519PublicKey, await callMember(world, from, member, { method, body })] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function callMember(
  world: World,
  from: StorageNode,
  to: StorageNode,
  call: WrittenCall,
): Promise<JsonObject> {
  let outcome = await post(world, to, call);
  // Refused, and back before we knew.
  if (outcome.kind === "refused" && to.isRunning) outcome = await post(world, to, call);
  const isDead = outcome.kind === "refused" || (outcome.kind === "broken" && !to.isRunning);
  if (!isDead) return memberEntry(outcome);
  const late = new Promise<JsonObject>((answer) => from.keep({ to, call, keptAt: from.now(), answer }));
  return (await within(late, world.timeouts.deadMember, world.closing)) ?? TIMED_OUT;
}

function post(world: World, to: StorageNode, { body }: WrittenCall): Promise<PeerOutcome> {
  return world.peers.post({ port: to.port, path: PeerPath.member, body, timeoutMs: world.timeouts.member });
}

/** Delivers what others kept for a member that is back, in the order in which it came to each. */
export async function deliverKept(world: World, to: StorageNode): Promise<void> {
  for (const from of world.nodes) {
    for (const { call, keptAt, answer } of from.takeKept(to)) {
      const isLost = from.now() - keptAt > world.lateDeliveryMs;
      if (!isLost) answer(memberEntry(await post(world, to, call)));
      const outcome = isLost ? "lost" : "delivered";
      world.emit({ type: "late-delivery", node: from.index, to: to.index, method: call.method, outcome });
    }
  }
}

/** A member's entry in the answer to the client. */
function memberEntry(outcome: PeerOutcome): JsonObject {
  if (outcome.kind === "timeout" || outcome.kind === "refused") return TIMED_OUT;
  if (outcome.kind === "broken") return UNREADABLE;
  let text: string;
  try {
    text = bytesToUtf8(outcome.body);
  } catch {
    return UNREADABLE;
  }
  if (outcome.status !== 200) return { failed: true, code: String(outcome.status), reason: text };
  const entry = parseJson(text);
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return UNREADABLE;
  return withoutBooleans(entry as JsonObject) as JsonObject;
}

/** Members answer each other in bencode, which has no booleans: `already` is `true` from one and `1` from the others. */
function withoutBooleans(value: JsonValue): JsonValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutBooleans);
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [key, withoutBooleans(member ?? null)]),
  );
}

/** Serves a call that another member handed on. */
export async function serveMember(node: StorageNode, body: Uint8Array): Promise<RpcResponse> {
  const call = parseJson(bytesToUtf8(body)) as ForwardedCall;
  const response = await runCall(call, node, false);
  node.report({ type: "rpc", node: node.index, method: call.method, status: response.status, via: "member" });
  return response;
}

/** Running nodes, all of them unless told, push to `newcomer` the messages that belong to its swarm. */
export async function pushTo(
  world: World,
  newcomer: StorageNode,
  sources: readonly StorageNode[] = world.nodes,
): Promise<void> {
  for (const from of sources) {
    if (from === newcomer || !from.isRunning) continue;
    let batch: string[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      const body = utf8ToBytes(`[${batch.join(",")}]`);
      batch = [];
      size = 0;
      await world.peers.post({
        port: newcomer.port,
        path: PeerPath.push,
        body,
        timeoutMs: world.timeouts.member,
      });
    };
    for (const id of from.database.accounts()) {
      const account = parseAccount(id);
      if (swarmFor(account, from.swarmIds()) !== newcomer.swarmId) continue;
      for (const { data, ...message } of from.database.all(account)) {
        const { hash, namespace, timestamp, expiry } = message;
        const text = toJson({ id, hash, namespace, timestamp, expiry, data: encodeBase64(data) });
        batch.push(text);
        size += text.length;
        if (size > PUSH_BATCH_BYTES) await flush();
      }
    }
    if (batch.length > 0) await flush();
  }
}

interface PushedMessage {
  readonly id: string;
  readonly hash: string;
  readonly namespace: number;
  readonly timestamp: number;
  readonly expiry: number;
  readonly data: string;
}

/** Takes what another node pushes. Hash, timestamp and expiry stay; revocations are not pushed. */
export function servePush(node: StorageNode, body: Uint8Array): void {
  for (const { id, data, ...message } of parseJson(bytesToUtf8(body)) as readonly PushedMessage[]) {
    node.database.store(parseAccount(id), { ...message, data: decodeBase64(data) ?? new Uint8Array() });
  }
}
