/**
 * `delete`, `delete_all`, `delete_before`, `expire`, `expire_all`: run on the whole swarm, each member signing what it
 * did (docs/protocol/storage-server-behaviour.md §6, §9).
 *
 * @module
 */
import { Access, credentialFields, isAuthentic, parseCredentials } from "./auth.js";
import type { Account, DatabaseMessage, MessageDatabase } from "./database.js";
import { invalidRequest } from "./errors.js";
import {
  isMessageHash,
  type NamespaceOrAll,
  type Params,
  readBoolean,
  readNamespaceOrAll,
  readStrings,
  readTimestamp,
  required,
} from "./fields.js";
import type { JsonObject, JsonValue } from "./json.js";
import { namespaceText } from "./namespaces.js";
import {
  type Method,
  type MethodTable,
  onWholeSwarm,
  type RpcNode,
  type RpcResponse,
  refuse,
  type ServerRules,
  SIGNATURE_TOLERANCE,
  signAnswer,
  wrongSwarm,
} from "./rpc-types.js";

/** A forwarded call may have waited: members give each other ten seconds more. */
const FORWARDED_TOLERANCE = SIGNATURE_TOLERANCE + 10_000;

/** Checks a list of message hashes. */
export function requireHashes(messages: readonly string[] | undefined): readonly string[] {
  const hashes = required("messages", messages);
  if (hashes.length === 0) throw invalidRequest("messages does not contain any message hashes");
  return hashes;
}

/** Refuses what cannot be a message hash. */
export function checkHashes(hashes: readonly string[]): void {
  const wrong = hashes.find((hash) => !isMessageHash(hash));
  if (wrong !== undefined) throw invalidRequest(`invalid message hash: ${wrong}`);
}

const deleteMessages: Method = (params) => {
  const messages = readStrings(params, "messages");
  const fields = credentialFields(params, true);
  const mustDelete = readBoolean(params, "required") ?? false;
  const credentials = parseCredentials(fields);
  const { account } = credentials;
  const hashes = requireHashes(messages);
  checkHashes(hashes);
  return {
    isRecursive: true,
    async run(node, recurse) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      const authentic = isAuthentic(credentials, {
        database: node.database,
        crypto: node.crypto,
        access: Access.delete,
        signed: ["delete", ...hashes],
      });
      if (!authentic) return refuse(401, "delete_msgs signature verification failed");
      const { required: _, ...forwarded } = params;
      const answer = await onWholeSwarm(node, { method: "delete", params: forwarded }, recurse, () => {
        const deleted = sortedHashes(node.database.delete(account, ({ hash }) => hashes.includes(hash)));
        return { deleted, signature: signAnswer(node, account.id, ...hashes, ...deleted) };
      });
      return mustDelete && recurse && !deletedAnything(answer) ? { ...answer, status: 404 } : answer;
    },
  };
};

function deletedAnything({ body }: RpcResponse): boolean {
  const swarm = (body as { readonly swarm?: Readonly<Record<string, JsonObject>> }).swarm ?? {};
  return Object.values(swarm).some(({ deleted }) => Array.isArray(deleted) && deleted.length > 0);
}

/** What tells the calls apart that change whatever lies in a namespace, or in all. */
interface NamespaceCall {
  readonly method: string;
  /** The parameter that is signed after the namespace: a time. */
  readonly time: string;
  /** The answer to a time that is not taken. `tolerance` is what clocks may differ. */
  checkTime(time: number, now: number, tolerance: number): RpcResponse | undefined;
  /** The member of the answer with the hashes of {@link change}. */
  readonly key: "deleted" | "updated";
  /** Does the work and tells the messages that it changed. */
  change(
    database: MessageDatabase,
    account: Account,
    isAsked: (message: DatabaseMessage) => boolean,
    time: number,
  ): readonly DatabaseMessage[];
  /** True for a version that cannot answer for all namespaces. */
  failsOnAll?(version: ServerRules["version"]): boolean;
}

const deleteAll = namespaceCall({
  method: "delete_all",
  time: "timestamp",
  checkTime: (timestamp, now, tolerance) =>
    Math.abs(timestamp - now) > tolerance
      ? refuse(406, "delete_all timestamp too far from current time")
      : undefined,
  key: "deleted",
  change: (database, account, isAsked) => database.delete(account, isAsked),
});

const deleteBefore = namespaceCall({
  method: "delete_before",
  time: "before",
  checkTime: (before, now) =>
    before > now + SIGNATURE_TOLERANCE
      ? refuse(401, "delete_before timestamp too far in the future")
      : undefined,
  key: "deleted",
  change: (database, account, isAsked, before) =>
    database.delete(account, (message) => isAsked(message) && message.timestamp <= before),
  failsOnAll: ([major, minor]) => major === 2 && minor <= 8,
});

const expireAll = namespaceCall({
  method: "expire_all",
  time: "expiry",
  checkTime: (expiry, now, tolerance) =>
    expiry < now - tolerance ? refuse(406, "expire_all timestamp should be >= current time") : undefined,
  key: "updated",
  change: (database, account, isAsked, expiry) =>
    database
      .all(account)
      .filter(isAsked)
      .filter(({ hash }) => database.setExpiry(account, hash, expiry, (present) => present > expiry)),
});

function namespaceCall(call: NamespaceCall): Method {
  const { method } = call;
  return (params, { version }) => {
    const { credentials, namespace, time } = readNamespaceCall(params, call.time);
    const { account } = credentials;
    return {
      isRecursive: true,
      async run(node, recurse) {
        if (!node.serves(account)) return wrongSwarm(node, account);
        const tolerance = recurse ? SIGNATURE_TOLERANCE : FORWARDED_TOLERANCE;
        const refusal = call.checkTime(time, node.now(), tolerance);
        if (refusal !== undefined) return refusal;
        const authentic = isAuthentic(credentials, {
          database: node.database,
          crypto: node.crypto,
          access: Access.delete,
          signed: [method, namespaceText(namespace), time],
        });
        if (!authentic) return refuse(401, `${method} signature verification failed`);
        const work = (): JsonObject => {
          const changed = call.change(node.database, account, isIn(namespace), time);
          return affected(node, call.key, changed, namespace, [account.id, time]);
        };
        if (namespace === "all" && call.failsOnAll?.(version)) {
          // The messages are deleted everywhere, only the answer cannot be made.
          if (recurse) void node.distribute({ method, params });
          work();
          return refuse(500, "request failed");
        }
        return onWholeSwarm(node, { method, params }, recurse, work);
      },
    };
  };
}

/** Reads the parameters in the order of the alphabet, as servers do: of several wrong ones the first is told. */
function readNamespaceCall(params: Params, timeName: string) {
  if (timeName < "namespace") readTimestamp(params, timeName);
  const namespace = readNamespaceOrAll(params, "namespace") ?? 0;
  const fields = credentialFields(params, true);
  const sent = readTimestamp(params, timeName);
  const credentials = parseCredentials(fields);
  return { namespace, credentials, time: required(timeName, sent) };
}

const isIn =
  (namespace: NamespaceOrAll) =>
  (message: DatabaseMessage): boolean =>
    namespace === "all" || message.namespace === namespace;

/** Hashes in ASCII order. */
export function sortedHashes(messages: readonly DatabaseMessage[]): readonly string[] {
  return messages.map(({ hash }) => hash).sort();
}

/** A member's entry: the hashes, by namespace if all were asked for; all of them together are signed. */
function affected(
  node: RpcNode,
  key: "deleted" | "updated",
  messages: readonly DatabaseMessage[],
  namespace: NamespaceOrAll,
  signedFirst: readonly (string | number)[],
): JsonObject {
  const hashes = sortedHashes(messages);
  let listed: JsonValue = hashes;
  if (namespace === "all") {
    const numbers = [...new Set(messages.map((message) => message.namespace))];
    listed = Object.fromEntries(
      numbers.map((number) => [String(number), sortedHashes(messages.filter(isIn(number)))]),
    );
  }
  return { [key]: listed, signature: signAnswer(node, ...signedFirst, ...hashes) };
}

export const changeMethods: MethodTable = {
  delete: deleteMessages,
  delete_all: deleteAll,
  delete_before: deleteBefore,
  expire_all: expireAll,
};
