/**
 * `revoke_subaccount`, `unrevoke_subaccount` and, from 2.11 on, `revoked_subaccounts`
 * (docs/protocol/storage-server-behaviour.md §10, §14). Only the account key may call them.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type Credentials, credentialFields, isAuthentic, parseCredentials, parseToken } from "./auth.js";
import { invalidRequest } from "./errors.js";
import { type Params, readStrings, readTimestamp, required } from "./fields.js";
import type { JsonObject } from "./json.js";
import {
  isFar,
  type Method,
  type MethodTable,
  onWholeSwarm,
  type RpcNode,
  type RpcResponse,
  refuse,
  signAnswer,
  stamp,
  wrongSwarm,
} from "./rpc-types.js";

const MAX_TOKENS = 50;

type ChangeName = "revoke" | "unrevoke";

function changeMethod(name: ChangeName, change: (node: RpcNode, call: TokenCall) => JsonObject): Method {
  const method = `${name}_subaccount`;
  return (params) => {
    const call = parseTokens(params, name);
    const { credentials, timestamp, tokens } = call;
    return {
      isRecursive: true,
      async run(node, recurse) {
        const refusal = check(node, method, credentials, timestamp, tokens);
        if (refusal !== undefined) return refusal;
        return onWholeSwarm(node, { method, params }, recurse, () => ({
          ...change(node, call),
          signature: signAnswer(node, credentials.account.id, timestamp, ...tokens),
        }));
      },
    };
  };
}

interface TokenCall {
  readonly credentials: Credentials;
  readonly timestamp: number;
  readonly tokens: readonly Uint8Array[];
}

function parseTokens(params: Params, name: ChangeName): TokenCall {
  const sent = readStrings(params, name);
  const sentAt = readTimestamp(params, "timestamp");
  const credentials = parseCredentials(credentialFields(params, false));
  const texts = required(name, sent);
  if (name === "revoke" && texts.length > MAX_TOKENS) {
    throw invalidRequest(`invalid revoke: cannot revoke more than ${MAX_TOKENS} subaccounts at once`);
  }
  const tokens = texts.map((text) => {
    const token = parseToken(text);
    if (token === undefined) {
      throw invalidRequest(`invalid ${name}: expected base64 or hex-encoded subaccount tag`);
    }
    return token;
  });
  return { credentials, timestamp: required("timestamp", sentAt), tokens };
}

function check(
  node: RpcNode,
  method: string,
  credentials: Credentials,
  timestamp: number,
  tokens: readonly Uint8Array[],
): RpcResponse | undefined {
  const { account } = credentials;
  if (!node.serves(account)) return wrongSwarm(node, account);
  if (isFar(timestamp, node.now())) return refuse(406, `${method} timestamp too far from current time`);
  const authentic = isAuthentic(credentials, {
    database: node.database,
    crypto: node.crypto,
    access: 0,
    signed: [method, timestamp, ...tokens],
  });
  return authentic ? undefined : refuse(401, `${method} signature verification failed`);
}

const revokedSubaccounts: Method = (params) => {
  const sentAt = readTimestamp(params, "timestamp");
  // The Ed25519 key of a 05 account is read and then not used: only accounts that are Ed25519 keys can ask.
  const { ed25519PublicKey: _, ...credentials } = parseCredentials(credentialFields(params, false));
  const timestamp = required("timestamp", sentAt);
  return {
    async run(node) {
      const refusal = check(node, "revoked_subaccounts", credentials, timestamp, []);
      if (refusal !== undefined) return refusal;
      const tokens = node.database.revokedTokens(credentials.account);
      return {
        status: 200,
        body: {
          revoked_subaccounts: tokens.map((token) => bytesToBase64(token)),
          ...stamp(node, node.now()),
        },
      };
    },
  };
};

export const subaccountMethods: MethodTable = {
  revoke_subaccount: changeMethod("revoke", (node, { credentials, tokens }) => {
    node.database.revoke(credentials.account, tokens);
    return {};
  }),
  unrevoke_subaccount: changeMethod("unrevoke", (node, { credentials, tokens }) => ({
    count: node.database.unrevoke(credentials.account, tokens),
  })),
};

/** Methods of 2.11. */
export const newerSubaccountMethods: MethodTable = { revoked_subaccounts: revokedSubaccounts };
