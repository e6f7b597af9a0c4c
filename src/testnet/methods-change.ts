/**
 * `delete`, `delete_all`, `delete_before`, `expire`, `expire_all`: run on the whole swarm, each member signing what it
 * did (docs/protocol/storage-server-behaviour.md §6, §9).
 *
 * @module
 */
import { Access, credentialFields, isAuthentic, parseCredentials } from "./auth.js";
import type { DatabaseMessage } from "./database.js";
import { invalidRequest } from "./errors.js";
import {
  isMessageHash,
  type NamespaceOrAll,
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

const deleteAll: Method = (params) => {
  const namespace = readNamespaceOrAll(params, "namespace") ?? 0;
  const fields = credentialFields(params, true);
  const sent = readTimestamp(params, "timestamp");
  const credentials = parseCredentials(fields);
  const { account } = credentials;
  const timestamp = required("timestamp", sent);
  return {
    isRecursive: true,
    async run(node, recurse) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      const tolerance = recurse ? SIGNATURE_TOLERANCE : FORWARDED_TOLERANCE;
      if (Math.abs(timestamp - node.now()) > tolerance) {
        return refuse(406, "delete_all timestamp too far from current time");
      }
      const authentic = isAuthentic(credentials, {
        database: node.database,
        crypto: node.crypto,
        access: Access.delete,
        signed: ["delete_all", namespaceText(namespace), timestamp],
      });
      if (!authentic) return refuse(401, "delete_all signature verification failed");
      return onWholeSwarm(node, { method: "delete_all", params }, recurse, () => {
        const deleted = node.database.delete(account, isIn(namespace));
        return affected(node, "deleted", deleted, namespace, [account.id, timestamp]);
      });
    },
  };
};

const deleteBefore: Method = (params, { version }) => {
  const sent = readTimestamp(params, "before");
  const namespace = readNamespaceOrAll(params, "namespace") ?? 0;
  const credentials = parseCredentials(credentialFields(params, true));
  const { account } = credentials;
  const before = required("before", sent);
  const failsOnAll = version[0] === 2 && version[1] <= 8;
  return {
    isRecursive: true,
    async run(node, recurse) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      if (before > node.now() + SIGNATURE_TOLERANCE) {
        return refuse(401, "delete_before timestamp too far in the future");
      }
      const authentic = isAuthentic(credentials, {
        database: node.database,
        crypto: node.crypto,
        access: Access.delete,
        signed: ["delete_before", namespaceText(namespace), before],
      });
      if (!authentic) return refuse(401, "delete_before signature verification failed");
      const inNamespace = isIn(namespace);
      const work = (): JsonObject => {
        const deleted = node.database.delete(account, (row) => inNamespace(row) && row.timestamp <= before);
        return affected(node, "deleted", deleted, namespace, [account.id, before]);
      };
      const forwarded = { method: "delete_before", params };
      if (namespace === "all" && failsOnAll) {
        // The messages are deleted everywhere, only the answer cannot be made.
        if (recurse) void node.distribute(forwarded);
        work();
        return refuse(500, "request failed");
      }
      return onWholeSwarm(node, forwarded, recurse, work);
    },
  };
};

const expireAll: Method = (params) => {
  const sent = readTimestamp(params, "expiry");
  const namespace = readNamespaceOrAll(params, "namespace") ?? 0;
  const credentials = parseCredentials(credentialFields(params, true));
  const { account } = credentials;
  const expiry = required("expiry", sent);
  return {
    isRecursive: true,
    async run(node, recurse) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      if (expiry < node.now() - (recurse ? SIGNATURE_TOLERANCE : FORWARDED_TOLERANCE)) {
        return refuse(406, "expire_all timestamp should be >= current time");
      }
      const authentic = isAuthentic(credentials, {
        database: node.database,
        crypto: node.crypto,
        access: Access.delete,
        signed: ["expire_all", namespaceText(namespace), expiry],
      });
      if (!authentic) return refuse(401, "expire_all signature verification failed");
      return onWholeSwarm(node, { method: "expire_all", params }, recurse, () => {
        const later = (present: number): boolean => present > expiry;
        const updated = node.database
          .all(account)
          .filter(isIn(namespace))
          .filter(({ hash }) => node.database.setExpiry(account, hash, expiry, later));
        return affected(node, "updated", updated, namespace, [account.id, expiry]);
      });
    },
  };
};

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
