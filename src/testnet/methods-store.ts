/**
 * `store` (docs/protocol/storage-server-behaviour.md §7).
 *
 * @module
 */
import { Access, isAuthentic, parseAccount, parseCredentials } from "./auth.js";
import type { Account } from "./database.js";
import { invalidRequest } from "./errors.js";
import {
  atMostOne,
  decodeBase64,
  type Params,
  readIntegerOrText,
  readNamespace,
  readString,
  readTimestamp,
  required,
} from "./fields.js";
import { isPublicInbox, isPublicOutbox, namespaceText } from "./namespaces.js";
import { hashOfMessage } from "./placement.js";
import { isFar, type MethodTable, onWholeSwarm, refuse, signAnswer, wrongSwarm } from "./rpc-types.js";

const MAX_DATA = 76_800;
const MIN_TTL = 10_000;
const MAX_TTL_INBOX = 14 * 24 * 3600 * 1000;
/** Also the furthest expiry that `expire` sets. */
export const MAX_TTL: number = 30 * 24 * 3600 * 1000;
/** How far ahead a message's timestamp, and how far past its expiry, may be. */
const STORE_TOLERANCE = 10_000;

export const storeMethods: MethodTable = {
  store: (params) => {
    const request = parseStore(params);
    const { account, namespace, timestamp, expiry, data, credentials } = request;
    return {
      isRecursive: true,
      async run(node, recurse) {
        if (!node.serves(account)) return wrongSwarm(node, account);
        const inbox = isPublicInbox(namespace);
        const ttl = expiry - timestamp;
        if (ttl < MIN_TTL || ttl > (inbox ? MAX_TTL_INBOX : MAX_TTL)) {
          return refuse(403, "Provided expiry/TTL is not valid.");
        }
        const now = node.now();
        if (timestamp > now + STORE_TOLERANCE || expiry < now - STORE_TOLERANCE) {
          return refuse(406, "Timestamp error: check your clock");
        }
        if (!inbox) {
          if (credentials === undefined) {
            return refuse(401, `store: signature required to store to namespace ${namespace}`);
          }
          if (isFar(request.signedAt, now)) {
            return refuse(406, "store signature timestamp too far from current time");
          }
          const authentic = isAuthentic(credentials, {
            database: node.database,
            crypto: node.crypto,
            access: isPublicOutbox(namespace) ? Access.write | Access.delete : Access.write,
            signed: ["store", namespaceText(namespace), request.signedAt],
          });
          if (!authentic) return refuse(401, "store signature verification failed");
        }
        const hash = hashOfMessage(account, namespace, data, node.crypto);
        return onWholeSwarm(
          node,
          { method: "store", params },
          recurse,
          () => {
            if (node.isFull) return { failed: true, query_failure: true };
            const stored = node.database.store(account, { hash, namespace, timestamp, expiry, data });
            return {
              hash,
              signature: signAnswer(node, hash),
              expiry: stored.expiry,
              already: stored.isNew ? undefined : true,
            };
          },
          (own) => (own["failed"] === undefined ? { top: { hash }, own: { t: now } } : {}),
        );
      },
    };
  },
};

function parseStore(params: Params) {
  const dataText = readString(params, "data");
  const expiry = readTimestamp(params, "expiry");
  const namespace = readNamespace(params, "namespace");
  const oldName = readString(params, "pubKey");
  const pubkey = readString(params, "pubkey");
  const pubkeyEd25519 = readString(params, "pubkey_ed25519");
  const signedAt = readTimestamp(params, "sig_timestamp");
  const signature = readString(params, "signature");
  const subaccount = readString(params, "subaccount");
  const subaccountSignature = readString(params, "subaccount_sig");
  const timestamp = required("timestamp", readIntegerOrText(params, "timestamp", false));
  const ttl = readIntegerOrText(params, "ttl", true);
  atMostOne("expiry", expiry, "ttl", ttl);
  if (expiry === undefined && ttl === undefined)
    throw invalidRequest("Required field 'expiry' or 'ttl' missing");
  const id = accountName(pubkey, oldName);
  const credentials =
    signature === undefined
      ? undefined
      : parseCredentials({ pubkey: id, pubkeyEd25519, signature, subaccount, subaccountSignature });
  const account: Account = credentials?.account ?? parseAccount(id);
  const text = required("data", dataText);
  const data = decodeBase64(text);
  if (data === undefined) throw invalidRequest("Invalid 'data' value: not base64 encoded");
  if (text.length > (MAX_DATA / 3) * 4) {
    throw invalidRequest(`Message body exceeds maximum allowed length of ${MAX_DATA} bytes`);
  }
  return {
    account,
    credentials,
    namespace: namespace ?? 0,
    timestamp,
    expiry: expiry ?? timestamp + (ttl ?? 0),
    signedAt: signedAt ?? timestamp,
    data,
  };
}

/** The account id under its present or its old name, which `store`, `retrieve` and `get_swarm` still take. */
export function accountName(pubkey: string | undefined, pubKey: string | undefined): string {
  atMostOne("pubkey", pubkey, "pubKey", pubKey);
  return required("pubkey", pubkey ?? pubKey);
}
