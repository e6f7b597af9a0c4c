/**
 * Deleting messages, changing when they expire, and revoking subaccounts.
 *
 * Each member of the swarm answers for itself: look at `complete`, or at each entry of `swarm`, where it matters that
 * every one has done it. Codes thrown are those of `Swarms.run`; at least one member has succeeded otherwise.
 *
 * @module
 */

import type { SwarmAuth } from "./auth.js";
import {
  deleteAllCall,
  deleteBeforeCall,
  deleteCall,
  expireAllCall,
  expireCall,
  getExpiriesCall,
  revokedSubaccountsCall,
  revokeSubaccountCall,
  unrevokeSubaccountCall,
} from "./calls.js";
import type {
  DeletedEntry,
  ExpiredEntry,
  RevokedEntry,
  SwarmResult,
  UpdatedEntry,
} from "./member-replies.js";
import type {
  DeleteAllParams,
  DeleteBeforeParams,
  DeleteParams,
  ExpireAllParams,
  ExpireParams,
  GetExpiriesParams,
  RevokeParams,
} from "./requests.js";
import { DELETE_ALL_POLICY, DELETE_POLICY } from "./retry.js";
import type { AnswerSource } from "./store.js";
import type { RequestFactory, SwarmCallOptions, Swarms } from "./swarms.js";
import type { SwarmCall } from "./types.js";

/** What the swarm did, and who told. */
export type ManageResult<Entry> = SwarmResult<Entry> & AnswerSource;

/**
 * Deletes messages by hash, in whatever namespace.
 *
 * @throws `SWARM_NOT_FOUND` with `required`, if no member had any of them
 */
export function deleteMessages(
  swarms: Swarms,
  params: DeleteParams,
  options: SwarmCallOptions = {},
): Promise<ManageResult<DeletedEntry>> {
  const build = (): SwarmCall<SwarmResult<DeletedEntry>> => deleteCall(params, swarms.crypto);
  return answer(swarms, params.auth, build, { ...DELETE_POLICY, ...options });
}

/** Deletes every message of a namespace (default 0), or of the account (`all`). */
export function deleteAll(
  swarms: Swarms,
  params: Omit<DeleteAllParams, "timestamp">,
  options: SwarmCallOptions = {},
): Promise<ManageResult<DeletedEntry>> {
  const build = (now: number): SwarmCall<SwarmResult<DeletedEntry>> =>
    deleteAllCall({ ...params, timestamp: now }, swarms.crypto);
  return answer(swarms, params.auth, build, { ...DELETE_ALL_POLICY, ...options });
}

/** Deletes messages up to a time. */
export function deleteBefore(
  swarms: Swarms,
  params: DeleteBeforeParams,
  options: SwarmCallOptions = {},
): Promise<ManageResult<DeletedEntry>> {
  const build = (): SwarmCall<SwarmResult<DeletedEntry>> => deleteBeforeCall(params, swarms.crypto);
  return answer(swarms, params.auth, build, { ...DELETE_POLICY, ...options });
}

/** Changes the expiry of messages by hash. */
export function expire(
  swarms: Swarms,
  params: ExpireParams,
  options: SwarmCallOptions = {},
): Promise<ManageResult<ExpiredEntry>> {
  return answer(swarms, params.auth, () => expireCall(params, swarms.crypto), options);
}

/** Shortens the life of every message of a namespace (default 0), or of the account (`all`). */
export function expireAll(
  swarms: Swarms,
  params: ExpireAllParams,
  options: SwarmCallOptions = {},
): Promise<ManageResult<UpdatedEntry>> {
  return answer(swarms, params.auth, () => expireAllCall(params, swarms.crypto), options);
}

/** When messages expire at one member. */
export interface ExpiriesResult extends AnswerSource {
  /** ms by hash; a hash that is not there is not stored at that member. */
  readonly expiries: ReadonlyMap<string, number>;
}

/** Asks one member when messages expire. */
export async function getExpiries(
  swarms: Swarms,
  params: Omit<GetExpiriesParams, "timestamp">,
  options: SwarmCallOptions = {},
): Promise<ExpiriesResult> {
  const { value, node, path } = await swarms.run(
    params.auth.pubkey,
    (now) => getExpiriesCall({ ...params, timestamp: now }),
    options,
  );
  return { expiries: value, node, path };
}

/**
 * Makes the swarm refuse subaccounts. It forgets that with the account's last message, and does nothing for an account
 * without any (docs/protocol/storage-server-behaviour.md §10).
 */
export function revokeSubaccount(
  swarms: Swarms,
  params: Omit<RevokeParams, "timestamp">,
  options: SwarmCallOptions = {},
): Promise<ManageResult<RevokedEntry>> {
  const build = (now: number): SwarmCall<SwarmResult<RevokedEntry>> =>
    revokeSubaccountCall({ ...params, timestamp: now }, swarms.crypto);
  return answer(swarms, params.auth, build, options);
}

/** Makes the swarm take revoked subaccounts again. */
export function unrevokeSubaccount(
  swarms: Swarms,
  params: Omit<RevokeParams, "timestamp">,
  options: SwarmCallOptions = {},
): Promise<ManageResult<RevokedEntry>> {
  const build = (now: number): SwarmCall<SwarmResult<RevokedEntry>> =>
    unrevokeSubaccountCall({ ...params, timestamp: now }, swarms.crypto);
  return answer(swarms, params.auth, build, options);
}

/** Tokens that one member refuses. */
export interface RevokedSubaccountsResult extends AnswerSource {
  /** 36 bytes each. */
  readonly tokens: readonly Uint8Array[];
}

/**
 * Asks one member for the account's revoked subaccounts.
 *
 * @throws `SWARM_METHOD_UNKNOWN` from servers of version 2.8
 */
export async function revokedSubaccounts(
  swarms: Swarms,
  params: { readonly auth: SwarmAuth },
  options: SwarmCallOptions = {},
): Promise<RevokedSubaccountsResult> {
  const { value, node, path } = await swarms.run(
    params.auth.pubkey,
    (now) => revokedSubaccountsCall({ ...params, timestamp: now }),
    options,
  );
  return { tokens: value, node, path };
}

async function answer<Entry>(
  swarms: Swarms,
  auth: SwarmAuth,
  build: RequestFactory<SwarmCall<SwarmResult<Entry>>>,
  options: SwarmCallOptions,
): Promise<ManageResult<Entry>> {
  const { value, node, path } = await swarms.run(auth.pubkey, build, options);
  return { ...value, node, path };
}
