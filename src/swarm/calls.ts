/**
 * Each storage method as a {@link SwarmCall}: its request together with the reader of its reply. Calls are what
 * `batch`, `sequence` and `Swarms.run` take.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import { isSuccess, replyInvalid, type SwarmErrorCode, statusError } from "./errors.js";
import {
  type DeletedEntry,
  type ExpiredEntry,
  parseDeleteManyReply,
  parseDeleteReply,
  parseExpireAllReply,
  parseExpireReply,
  parseRevokeReply,
  parseStoreReply,
  type RevokedEntry,
  type StoredEntry,
  type SwarmResult,
  type UpdatedEntry,
} from "./member-replies.js";
import { batchRequest, infoRequest, sequenceRequest } from "./meta-requests.js";
import {
  type InfoReply,
  parseBatchReply,
  parseExpiriesReply,
  parseInfoReply,
  parseRetrieveReply,
  parseRevokedSubaccountsReply,
  parseSwarmReply,
  type RetrieveReply,
  type SubReply,
  type SwarmReply,
} from "./replies.js";
import * as requests from "./requests.js";
import type { ReplyContext, RpcRequest, SwarmCall } from "./types.js";

/** A call whose body is taken as it is. */
export function rawCall(request: RpcRequest): SwarmCall<unknown> {
  return { request, read: (body) => body };
}

/** `store`. */
export function storeCall(
  params: requests.StoreParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<StoredEntry> & { readonly hash: string }> {
  const { pubkey, data, namespace = 0 } = params;
  return {
    request: requests.storeRequest(params),
    read: (body, context) => parseStoreReply(body, { pubkey, namespace, data }, context, crypto),
  };
}

/** `retrieve`. */
export function retrieveCall(
  params: requests.RetrieveParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<RetrieveReply> {
  const { pubkey, namespace = 0 } = params;
  return {
    request: requests.retrieveRequest(params),
    read: (body) => parseRetrieveReply(body, { pubkey, namespace }, crypto),
  };
}

/** `delete`. */
export function deleteCall(
  params: requests.DeleteParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<DeletedEntry>> {
  const request = { pubkey: params.auth.pubkey, hashes: params.hashes };
  return {
    request: requests.deleteRequest(params),
    read: (body, context) => parseDeleteReply(body, request, context, crypto),
  };
}

/** `delete_all`. */
export function deleteAllCall(
  params: requests.DeleteAllParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<DeletedEntry>> {
  const request = { pubkey: params.auth.pubkey, time: params.timestamp };
  return {
    request: requests.deleteAllRequest(params),
    read: (body, context) => parseDeleteManyReply(body, request, context, crypto),
  };
}

/** `delete_before`. */
export function deleteBeforeCall(
  params: requests.DeleteBeforeParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<DeletedEntry>> {
  const request = { pubkey: params.auth.pubkey, time: params.before };
  return {
    request: requests.deleteBeforeRequest(params),
    read: (body, context) => parseDeleteManyReply(body, request, context, crypto),
  };
}

/** `expire`. */
export function expireCall(
  params: requests.ExpireParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<ExpiredEntry>> {
  const request = { pubkey: params.auth.pubkey, hashes: params.hashes };
  return {
    request: requests.expireRequest(params),
    read: (body, context) => parseExpireReply(body, request, context, crypto),
  };
}

/** `expire_all`. */
export function expireAllCall(
  params: requests.ExpireAllParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<UpdatedEntry>> {
  const request = { pubkey: params.auth.pubkey, expiry: params.expiry };
  return {
    request: requests.expireAllRequest(params),
    read: (body, context) => parseExpireAllReply(body, request, context, crypto),
  };
}

/** `get_expiries`. */
export function getExpiriesCall(params: requests.GetExpiriesParams): SwarmCall<ReadonlyMap<string, number>> {
  return { request: requests.getExpiriesRequest(params), read: parseExpiriesReply };
}

/** `revoke_subaccount`. */
export function revokeSubaccountCall(
  params: requests.RevokeParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<RevokedEntry>> {
  const request = { pubkey: params.auth.pubkey, ...params };
  return {
    request: requests.revokeSubaccountRequest(params),
    read: (body, context) => parseRevokeReply(body, request, context, crypto),
  };
}

/** `unrevoke_subaccount`. */
export function unrevokeSubaccountCall(
  params: requests.RevokeParams,
  crypto: Crypto = defaultCrypto,
): SwarmCall<SwarmResult<RevokedEntry>> {
  const request = { pubkey: params.auth.pubkey, ...params };
  return {
    request: requests.unrevokeSubaccountRequest(params),
    read: (body, context) => parseRevokeReply(body, request, context, crypto),
  };
}

/** `revoked_subaccounts`. */
export function revokedSubaccountsCall(
  params: Parameters<typeof requests.revokedSubaccountsRequest>[0],
): SwarmCall<readonly Uint8Array[]> {
  return { request: requests.revokedSubaccountsRequest(params), read: parseRevokedSubaccountsReply };
}

/** `get_swarm`. */
export function getSwarmCall(pubkey: string, crypto: Crypto = defaultCrypto): SwarmCall<SwarmReply> {
  return { request: requests.getSwarmRequest(pubkey), read: (body) => parseSwarmReply(body, crypto) };
}

/** `info`. */
export function infoCall(): SwarmCall<InfoReply> {
  return { request: infoRequest(), read: parseInfoReply };
}

/** What became of one entry of a `batch` or `sequence`. */
export type SubResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: SessionError<SwarmErrorCode> };

/** The results of a tuple of calls, in their order. */
export type SubResults<Calls extends readonly SwarmCall<unknown>[]> = {
  readonly [Index in keyof Calls]: SubResult<Calls[Index] extends SwarmCall<infer Value> ? Value : never>;
};

/** `batch`: each call has a result of its own, whatever became of the others. */
export function batchCall<const Calls extends readonly SwarmCall<unknown>[]>(
  calls: Calls,
): SwarmCall<SubResults<Calls>> {
  return {
    request: batchRequest(calls.map(({ request }) => request)),
    read: (body, context) => {
      const results = parseBatchReply(body);
      if (results.length !== calls.length) throw wrongCount(calls.length, results.length);
      return readResults(calls, results, context);
    },
  };
}

/** `sequence`: calls after the first that fails are not run, their results are `SWARM_NOT_RUN`. */
export function sequenceCall<const Calls extends readonly SwarmCall<unknown>[]>(
  calls: Calls,
): SwarmCall<SubResults<Calls>> {
  return {
    request: sequenceRequest(calls.map(({ request }) => request)),
    read: (body, context) => {
      const results = parseBatchReply(body);
      const last = results[results.length - 1];
      const stopped = last !== undefined && results.length < calls.length && !isSuccess(last.code);
      if (results.length !== calls.length && !stopped) throw wrongCount(calls.length, results.length);
      return readResults(calls, results, context);
    },
  };
}

function readResults<const Calls extends readonly SwarmCall<unknown>[]>(
  calls: Calls,
  results: readonly SubReply[],
  context: ReplyContext,
): SubResults<Calls> {
  const read = calls.map((call, index) => readResult(call, results[index], context));
  return read as unknown as SubResults<Calls>;
}

function readResult(
  call: SwarmCall<unknown>,
  result: SubReply | undefined,
  context: ReplyContext,
): SubResult<unknown> {
  const { method } = call.request;
  if (result === undefined)
    return {
      ok: false,
      error: new SessionError("SWARM_NOT_RUN", "an earlier entry failed", { details: { method } }),
    };
  if (!isSuccess(result.code)) return { ok: false, error: statusError(result.code, result.body, { method }) };
  try {
    return { ok: true, value: call.read(result.body, context) };
  } catch (error) {
    if (isUnusableReply(error)) return { ok: false, error };
    throw error;
  }
}

/** True for the errors that a call's reader throws about the reply. */
export function isUnusableReply(error: unknown): error is SessionError<SwarmErrorCode> {
  return isSessionError(error, "SWARM_REPLY_INVALID", "SWARM_ALL_FAILED");
}

function wrongCount(asked: number, answered: number): SessionError<SwarmErrorCode> {
  return replyInvalid(`${answered} results for ${asked} requests`);
}
