/**
 * Requests about one account: the params of every storage method with their signatures (docs/protocol/swarm.md §4).
 *
 * Builders are pure and refuse what no server would take with `INVALID_ARGUMENT`, so that a mistake is found before
 * anything is sent. Times are network time in milliseconds.
 *
 * @module
 */
import { bytesToBase64 } from "../bytes/index.js";
import { type SwarmAuth, signedParams } from "./auth.js";
import {
  accountFor,
  checkExpiry,
  checkHashes,
  checkNamespaceOrAll,
  checkTime,
  checkTokens,
  required,
} from "./checks.js";
import { invalidArgument } from "./errors.js";
import { accountId } from "./ids.js";
import {
  checkNamespace,
  MAX_DATA_BYTES,
  MIN_TTL_MS,
  maxTtl,
  type NamespaceOrAll,
  retrieveNeedsSignature,
  storeNeedsSignature,
} from "./namespaces.js";
import {
  deleteAllSignedText,
  deleteBeforeSignedText,
  deleteSignedText,
  type ExpireMode,
  expireAllSignedText,
  expireSignedText,
  getExpiriesSignedText,
  retrieveSignedText,
  revokedSubaccountsSignedText,
  revokeSignedText,
  storeSignedText,
  unrevokeSignedText,
} from "./signed-text.js";
import type { RpcRequest } from "./types.js";

/** What {@link storeRequest} stores. */
export interface StoreParams {
  /** Account to store for. */
  readonly pubkey: string;
  /** Default: 0. */
  readonly namespace?: number | undefined;
  /** At most 76800 bytes. */
  readonly data: Uint8Array;
  /** Time to live in ms: 10 s to 14 days in public inboxes, to 30 days elsewhere. */
  readonly ttl: number;
  /** Time of the message. */
  readonly timestamp: number;
  /** Time of the signature. Default: `timestamp`. */
  readonly signatureTimestamp?: number | undefined;
  /** Needed everywhere but in public inboxes, where no signature is sent. */
  readonly auth?: SwarmAuth | undefined;
}

/** `store`: keeps `data` for `ttl` ms. */
export function storeRequest(params: StoreParams): RpcRequest {
  const namespace = checkNamespace(params.namespace ?? 0);
  const pubkey = accountFor(params.pubkey, params.auth);
  const { data, ttl, auth } = params;
  const timestamp = checkTime("timestamp", params.timestamp);
  if (data.length > MAX_DATA_BYTES)
    throw invalidArgument("the data is longer than a server takes", {
      length: data.length,
      max: MAX_DATA_BYTES,
    });
  if (!Number.isInteger(ttl) || ttl < MIN_TTL_MS || ttl > maxTtl(namespace))
    throw invalidArgument("the time to live is outside what the namespace takes", { ttl, namespace });
  const common = { pubkey, namespace, timestamp, ttl, data: bytesToBase64(data) };
  // A public inbox ignores signatures; sending none also tells it nothing about the sender.
  if (!storeNeedsSignature(namespace)) return { method: "store", params: common };
  const sig_timestamp = checkTime("signatureTimestamp", params.signatureTimestamp ?? timestamp);
  return {
    method: "store",
    params: {
      ...common,
      sig_timestamp,
      ...signedParams(required(auth, "store", namespace), storeSignedText(namespace, sig_timestamp)),
    },
  };
}

/** What {@link retrieveRequest} retrieves. */
export interface RetrieveParams {
  readonly pubkey: string;
  /** Default: 0. */
  readonly namespace?: number | undefined;
  /** Needed everywhere but in public outboxes and legacy groups. */
  readonly auth?: SwarmAuth | undefined;
  /** Time of the signature; not needed without `auth`. */
  readonly timestamp?: number | undefined;
  /** Only messages that the node stored after this one. Unknown to it: all of them. */
  readonly lastHash?: string | undefined;
  /** Most messages. */
  readonly maxCount?: number | undefined;
  /** Most bytes; -n: one n-th of 7 800 000. See `maxSizeFractions`. */
  readonly maxSize?: number | undefined;
}

/** `retrieve`: messages of one namespace. */
export function retrieveRequest(params: RetrieveParams): RpcRequest {
  const namespace = checkNamespace(params.namespace ?? 0);
  const pubkey = accountFor(params.pubkey, params.auth);
  const { auth, lastHash, maxCount, maxSize } = params;
  if (lastHash !== undefined && lastHash !== "") checkHashes([lastHash]);
  if (auth === undefined && retrieveNeedsSignature(namespace)) required(auth, "retrieve", namespace);
  if (maxCount !== undefined && (!Number.isInteger(maxCount) || maxCount < 1))
    throw invalidArgument("a count is a positive integer", { maxCount });
  if (maxSize !== undefined && !Number.isSafeInteger(maxSize))
    throw invalidArgument("a size is an integer", { maxSize });
  const signed: Record<string, unknown> = {};
  if (auth !== undefined) {
    const timestamp = checkTime("timestamp", params.timestamp);
    Object.assign(signed, { timestamp }, signedParams(auth, retrieveSignedText(namespace, timestamp)));
  }
  return {
    method: "retrieve",
    params: {
      pubkey,
      namespace,
      last_hash: lastHash ?? "",
      ...(maxCount === undefined ? {} : { max_count: maxCount }),
      ...(maxSize === undefined ? {} : { max_size: maxSize }),
      ...signed,
    },
  };
}

/** What {@link deleteRequest} deletes. */
export interface DeleteParams {
  readonly auth: SwarmAuth;
  /** At least one, of any namespace. */
  readonly hashes: readonly string[];
  /** Answer 404 if no member had any of them. */
  readonly required?: boolean | undefined;
}

/** `delete`: messages by hash. */
export function deleteRequest({ auth, hashes, required: mustExist }: DeleteParams): RpcRequest {
  const messages = checkHashes(hashes);
  return {
    method: "delete",
    params: {
      messages,
      ...(mustExist ? { required: true } : {}),
      ...signedParams(auth, deleteSignedText(messages)),
    },
  };
}

/** What {@link deleteAllRequest} deletes. */
export interface DeleteAllParams {
  readonly auth: SwarmAuth;
  /** Default: 0 only. */
  readonly namespace?: NamespaceOrAll | undefined;
  /** Time of the signature. */
  readonly timestamp: number;
}

/** `delete_all`: every message of a namespace, or of the account. */
export function deleteAllRequest({ auth, ...params }: DeleteAllParams): RpcRequest {
  const namespace = checkNamespaceOrAll(params.namespace);
  const timestamp = checkTime("timestamp", params.timestamp);
  const signed = signedParams(auth, deleteAllSignedText(namespace, timestamp));
  return { method: "delete_all", params: { namespace, timestamp, ...signed } };
}

/** What {@link deleteBeforeRequest} deletes. */
export interface DeleteBeforeParams {
  readonly auth: SwarmAuth;
  /** Default: 0 only. `all` answers 500 on servers of version 2.8 although it works: better one at a time. */
  readonly namespace?: NamespaceOrAll | undefined;
  /** Messages of this time or older; at most a minute ahead of now. */
  readonly before: number;
}

/** `delete_before`: messages with a timestamp up to `before`. */
export function deleteBeforeRequest({ auth, ...params }: DeleteBeforeParams): RpcRequest {
  const namespace = checkNamespaceOrAll(params.namespace);
  const before = checkTime("before", params.before);
  const signed = signedParams(auth, deleteBeforeSignedText(namespace, before));
  return { method: "delete_before", params: { namespace, before, ...signed } };
}

/** What {@link expireAllRequest} shortens. */
export interface ExpireAllParams {
  readonly auth: SwarmAuth;
  /** Default: 0 only. */
  readonly namespace?: NamespaceOrAll | undefined;
  /** New expiry; later ones become this, earlier ones stay. */
  readonly expiry: number;
}

/** `expire_all`: shortens the life of every message of a namespace, or of the account. */
export function expireAllRequest({ auth, ...params }: ExpireAllParams): RpcRequest {
  const namespace = checkNamespaceOrAll(params.namespace);
  const expiry = checkTime("expiry", params.expiry);
  const signed = signedParams(auth, expireAllSignedText(namespace, expiry));
  return { method: "expire_all", params: { namespace, expiry, ...signed } };
}

/** What {@link expireRequest} changes. */
export interface ExpireParams {
  readonly auth: SwarmAuth;
  /** At least one. */
  readonly hashes: readonly string[];
  /** One for all hashes, or one for each; cut to now + 30 days by the server. */
  readonly expiry: number | readonly number[];
  /** Change only those that this makes later, or earlier. Default: set it. */
  readonly mode?: ExpireMode | undefined;
}

/** `expire`: changes the expiry of messages by hash. */
export function expireRequest({ auth, hashes, expiry, mode }: ExpireParams): RpcRequest {
  const messages = checkHashes(hashes);
  const times = typeof expiry === "number" ? checkTime("expiry", expiry) : expiry.map(checkExpiry);
  if (typeof times !== "number" && times.length !== messages.length)
    throw invalidArgument("several expiries are one for each hash", {
      hashes: messages.length,
      expiries: times.length,
    });
  return {
    method: "expire",
    params: {
      messages,
      expiry: times,
      ...(mode === undefined ? {} : { [mode]: true }),
      ...signedParams(auth, expireSignedText(messages, times, mode)),
    },
  };
}

/** What {@link getExpiriesRequest} asks. */
export interface GetExpiriesParams {
  readonly auth: SwarmAuth;
  /** At least one. */
  readonly hashes: readonly string[];
  /** Time of the signature. */
  readonly timestamp: number;
}

/** `get_expiries`: when messages expire at the node asked. */
export function getExpiriesRequest({ auth, hashes, ...params }: GetExpiriesParams): RpcRequest {
  const messages = checkHashes(hashes);
  const timestamp = checkTime("timestamp", params.timestamp);
  const signed = signedParams(auth, getExpiriesSignedText(messages, timestamp));
  return { method: "get_expiries", params: { messages, timestamp, ...signed } };
}

/** Tokens to revoke or take back, signed with the account's key. */
export interface RevokeParams {
  readonly auth: SwarmAuth;
  /** 1 to 50 tokens of 36 bytes. */
  readonly tokens: readonly Uint8Array[];
  /** Time of the signature. */
  readonly timestamp: number;
}

/** `revoke_subaccount`: servers refuse these tokens from now on. */
export function revokeSubaccountRequest({ auth, tokens, ...params }: RevokeParams): RpcRequest {
  const revoke = checkTokens(auth, tokens);
  const timestamp = checkTime("timestamp", params.timestamp);
  const signed = signedParams(auth, revokeSignedText(tokens, timestamp));
  return { method: "revoke_subaccount", params: { revoke, timestamp, ...signed } };
}

/** `unrevoke_subaccount`: servers take these tokens again. */
export function unrevokeSubaccountRequest({ auth, tokens, ...params }: RevokeParams): RpcRequest {
  const unrevoke = checkTokens(auth, tokens);
  const timestamp = checkTime("timestamp", params.timestamp);
  const signed = signedParams(auth, unrevokeSignedText(tokens, timestamp));
  return { method: "unrevoke_subaccount", params: { unrevoke, timestamp, ...signed } };
}

/** `revoked_subaccounts`: the revoked tokens of an account; servers after 2.8 only. */
export function revokedSubaccountsRequest(params: {
  readonly auth: SwarmAuth;
  readonly timestamp: number;
}): RpcRequest {
  const timestamp = checkTime("timestamp", params.timestamp);
  const signed = signedParams(params.auth, revokedSubaccountsSignedText(timestamp));
  return { method: "revoked_subaccounts", params: { timestamp, ...signed } };
}

/** `get_swarm`: the nodes that keep an account; any node answers. */
export function getSwarmRequest(pubkey: string): RpcRequest {
  return { method: "get_swarm", params: { pubkey: accountId(pubkey) } };
}
