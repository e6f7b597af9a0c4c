/**
 * `retrieve`, `get_expiries`, `get_swarm`, `info`, `oxend_request` and `active_nodes_bin`: answered by the asked node
 * alone (docs/protocol/storage-server-behaviour.md §2, §8, §9, §14).
 *
 * @module
 */
import { concatBytes, hexToBytes, writeUint64BE } from "../bytes/index.js";
import {
  Access,
  type Credentials,
  credentialFields,
  isAuthentic,
  parseAccount,
  parseCredentials,
} from "./auth.js";
import { invalidRequest } from "./errors.js";
import {
  atMostOne,
  decodeBase64,
  encodeBase64,
  type Params,
  readInteger,
  readNamespace,
  readString,
  readStrings,
  readTimestamp,
  required,
} from "./fields.js";
import { accountName } from "./methods-store.js";
import { isReadByAnyone, isUnrevocable, namespaceText } from "./namespaces.js";
import {
  isFar,
  type Method,
  type MethodTable,
  type NodeRecord,
  quicPort,
  refuse,
  stamp,
  swarmBody,
  wrongSwarm,
} from "./rpc-types.js";

/** Most that one `retrieve` answers, counted by message. */
const RETRIEVE_MAX_SIZE = 7_800_000;

const retrieve: Method = (params) => {
  const request = parseRetrieve(params);
  const { account, credentials, namespace } = request;
  return {
    async run(node) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      const now = node.now();
      if (credentials === undefined && !isReadByAnyone(namespace)) {
        return refuse(401, "retrieve: request signature required");
      }
      if (credentials !== undefined) {
        // A missing timestamp is never read by the server; it found some arbitrary time there.
        const timestamp = request.timestamp ?? 0;
        if (isFar(timestamp, now)) return refuse(406, "retrieve timestamp too far from current time");
        const authentic = isAuthentic(credentials, {
          database: node.database,
          crypto: node.crypto,
          access: Access.read,
          signed: ["retrieve", namespaceText(namespace), timestamp],
          evenRevoked: isUnrevocable(namespace),
        });
        if (!authentic) return refuse(401, "retrieve signature verification failed");
      }
      const { messages, more } = node.database.retrieve(account, namespace, request.lastHash, request.limits);
      return {
        status: 200,
        body: {
          messages: messages.map(({ hash, timestamp, expiry, data }) => ({
            hash,
            timestamp,
            expiration: expiry,
            // What the server makes of no bytes at all.
            data: data.length === 0 ? "=" : encodeBase64(data),
          })),
          more,
          ...stamp(node, now),
        },
      };
    },
  };
};

function parseRetrieve(params: Params) {
  const oldLastHash = readString(params, "lastHash");
  const newLastHash = readString(params, "last_hash");
  const maxCount = readInteger(params, "max_count");
  const maxSize = readInteger(params, "max_size");
  const namespace = readNamespace(params, "namespace");
  const oldName = readString(params, "pubKey");
  const fields = credentialFields(params, true);
  const timestamp = readTimestamp(params, "timestamp");
  const id = accountName(fields.pubkey, oldName);
  const wantsAuth =
    fields.pubkeyEd25519 !== undefined ||
    fields.signature !== undefined ||
    timestamp !== undefined ||
    (namespace !== undefined && !isReadByAnyone(namespace));
  const credentials: Credentials | undefined = wantsAuth
    ? parseCredentials({ ...fields, pubkey: id })
    : undefined;
  const account = credentials?.account ?? parseAccount(id);
  atMostOne("last_hash", newLastHash, "lastHash", oldLastHash);
  const lastHash = oldLastHash ?? newLastHash;
  if (lastHash !== undefined && lastHash !== "") {
    if (lastHash.length !== 43) throw invalidRequest("Invalid last_hash: expected base64 (43 chars)");
    if (decodeBase64(lastHash) === undefined) throw invalidRequest("Invalid last_hash: not base64");
  }
  return {
    account,
    credentials,
    namespace: namespace ?? 0,
    timestamp,
    lastHash: lastHash === "" ? undefined : lastHash,
    limits: retrieveLimits(maxCount, maxSize),
  };
}

/** Zero counts as not given; a negative size is a fraction of the greatest; neither given is a fifth of it. */
function retrieveLimits(
  count: number | undefined,
  size: number | undefined,
): { maxCount: number; maxSize: number } {
  const maxCount = count === undefined || count <= 0 ? Number.POSITIVE_INFINITY : count;
  const wanted =
    size === undefined || size === 0 ? (maxCount === Number.POSITIVE_INFINITY ? -5 : undefined) : size;
  if (wanted === undefined || wanted > RETRIEVE_MAX_SIZE) return { maxCount, maxSize: RETRIEVE_MAX_SIZE };
  return { maxCount, maxSize: wanted < 0 ? Math.floor(RETRIEVE_MAX_SIZE / -wanted) : wanted };
}

const getExpiries: Method = (params) => {
  const messages = readStrings(params, "messages");
  const fields = credentialFields(params, true);
  const sent = readTimestamp(params, "timestamp");
  const credentials = parseCredentials(fields);
  const { account } = credentials;
  const timestamp = required("timestamp", sent);
  const hashes = required("messages", messages);
  if (hashes.length === 0) throw invalidRequest("messages does not contain any message hashes");
  return {
    async run(node) {
      if (!node.serves(account)) return wrongSwarm(node, account);
      if (isFar(timestamp, node.now()))
        return refuse(406, "get_expiries timestamp too far from current time");
      const authentic = isAuthentic(credentials, {
        database: node.database,
        crypto: node.crypto,
        access: Access.read,
        signed: ["get_expiries", timestamp, ...hashes],
      });
      if (!authentic) return refuse(401, "get_expiries signature verification failed");
      const expiries = hashes.flatMap((hash) => {
        const message = node.database.get(account, hash);
        return message === undefined ? [] : [[hash, message.expiry] as const];
      });
      return { status: 200, body: { expiries: Object.fromEntries(expiries) } };
    },
  };
};

const getSwarm: Method = (params) => {
  const oldName = readString(params, "pubKey");
  const account = parseAccount(accountName(readString(params, "pubkey"), oldName), "/");
  return {
    run: async (node) => ({ status: 200, body: { ...swarmBody(node, account), ...stamp(node, node.now()) } }),
  };
};

const info: Method = () => ({
  async run(node) {
    const now = node.now();
    return { status: 200, body: { version: node.rules.version, timestamp: now, ...stamp(node, now) } };
  },
});

const OXEND_ENDPOINTS: readonly string[] = ["get_service_nodes", "ons_resolve"];

const oxendRequest: Method = (params) => {
  const endpoint = required("endpoint", readString(params, "endpoint"));
  if (!OXEND_ENDPOINTS.includes(endpoint)) throw invalidRequest(`Invalid oxend endpoint '${endpoint}'`);
  return {
    async run(node) {
      const { status, body } = node.oxend(endpoint, params["params"]);
      if (status !== 200 || typeof body === "string" || body instanceof Uint8Array) return { status, body };
      return { status, body: { result: body, ...stamp(node, node.now()) } };
    },
  };
};

/** 51 bytes a node: Ed25519 key 32, swarm id 8, IPv4 4, HTTPS port 2, QUIC port 2, version 3; big endian. */
const activeNodesBin: Method = (_params, { version }) => ({
  run: async (node) => ({
    status: 200,
    body: concatBytes(...node.allNodes().map((record) => binaryRecord(record, version))),
  }),
});

function binaryRecord(node: NodeRecord, version: readonly number[]): Uint8Array {
  const ports = new DataView(new ArrayBuffer(4));
  ports.setUint16(0, node.port);
  ports.setUint16(2, quicPort(node));
  return concatBytes(
    hexToBytes(node.ed25519PublicKey),
    writeUint64BE(node.swarmId),
    Uint8Array.from(node.ip.split("."), Number),
    new Uint8Array(ports.buffer),
    Uint8Array.from(version),
  );
}

export const readMethods: MethodTable = {
  retrieve,
  get_expiries: getExpiries,
  get_swarm: getSwarm,
  get_snodes_for_pubkey: getSwarm,
  info,
  oxend_request: oxendRequest,
};

/** Methods of 2.11. */
export const newerReadMethods: MethodTable = { active_nodes_bin: activeNodesBin };
