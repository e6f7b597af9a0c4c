/**
 * The swarms of groups, through the storage RPC.
 *
 * @module
 */
import type { Crypto } from "../../crypto/index.js";
import { isSessionError, type SessionError } from "../../errors/index.js";
import {
  batchCall,
  deleteAllCall,
  deleteCall,
  expire,
  type RetrieveReply,
  retrieveCall,
  revokeSubaccountCall,
  type SwarmAuth,
  type SwarmCall,
  type Swarms,
  sequence,
  storeCall,
  unrevokeSubaccountCall,
} from "../../swarm/index.js";
import type { Retrieved } from "../ports.js";
import type { GroupPort, GroupRetrieved, GroupStep, GroupStepResult } from "./port.js";

/** Entries of one request that wait for the whole swarm: a relay gives up after 30 s. */
const MAX_ENTRIES = 5;
/** Between two attempts, each with another member, ms. */
const RETRY_MS = 100;
/** Limit of one retrieve with the paths tried for it, ms: another member is asked then. */
const RETRIEVE_LIMIT_MS = 20_000;

/** See {@link GroupPort}. */
export function groupPort(swarms: Swarms, crypto: Crypto): GroupPort {
  return {
    members: (group, options) => swarms.get(group, options),

    async sequence(auth, steps, { signal }) {
      const results: GroupStepResult[] = [];
      let error: SessionError | undefined;
      for (let at = 0; at < steps.length && error === undefined; at += MAX_ENTRIES) {
        const chunk = steps.slice(at, at + MAX_ENTRIES);
        let time = 0;
        const build = (timestamp: number): SwarmCall<unknown>[] => {
          time = timestamp;
          return chunk.map((step) => callOf(step, auth, timestamp, crypto));
        };
        const answer = await sequence(swarms, auth.pubkey, build, { signal, delayMs: () => RETRY_MS }).catch(
          (cause: unknown) => {
            // What the requests before have done is done.
            if (results.length === 0 || !isSessionError(cause)) throw cause;
            return { results: [], error: cause };
          },
        );
        if ("error" in answer) error = answer.error;
        for (const [place, result] of answer.results.entries()) {
          if (!result.ok) error ??= result.error;
          results.push(result.ok ? stepResult(chunk[place], result.value, time) : { ok: false });
        }
      }
      while (results.length < steps.length) results.push({ ok: false });
      return { results, error };
    },

    async retrieve(auth, node, targets, { signal }) {
      const { value } = await swarms.run(
        auth.pubkey,
        (timestamp) =>
          batchCall(
            targets.map((target) =>
              retrieveCall({ pubkey: auth.pubkey, auth, timestamp, ...target }, crypto),
            ),
          ),
        { node, signal, attempts: 1, overallTimeoutMs: RETRIEVE_LIMIT_MS },
      );
      return value.map((result): GroupRetrieved => {
        return result.ok ? { retrieved: retrieved(result.value) } : { error: result.error };
      });
    },

    async retrieveOpen(pubkey, node, target, { signal }) {
      const { value } = await swarms.run(pubkey, () => retrieveCall({ pubkey, ...target }, crypto), {
        node,
        signal,
        attempts: 1,
        overallTimeoutMs: RETRIEVE_LIMIT_MS,
      });
      return retrieved(value);
    },

    async extend(auth, hashes, expiry, { signal }) {
      const { swarm } = await expire(swarms, { auth, hashes, expiry, mode: "extend" }, { signal });
      const known = swarm.flatMap((member) => {
        if (!member.ok || member.value.unchanged === undefined) return [];
        return [new Set([...member.value.updated.keys(), ...member.value.unchanged.keys()])];
      });
      const isEverywhere = known.length > 0 && known.length === swarm.length;
      return {
        missing: new Set(hashes.filter((hash) => known.some((there) => !there.has(hash)))),
        gone: new Set(hashes.filter((hash) => isEverywhere && known.every((there) => !there.has(hash)))),
      };
    },
  };
}

function retrieved({ messages, lastHash, more, dropped: invalid }: RetrieveReply): Retrieved {
  const last = messages.at(-1);
  return { items: messages, more, invalid, last: last?.hash === lastHash ? last : undefined };
}

function callOf(step: GroupStep, auth: SwarmAuth, timestamp: number, crypto: Crypto): SwarmCall<unknown> {
  switch (step.kind) {
    case "store": {
      const { namespace, data, ttl } = step;
      return storeCall({ pubkey: auth.pubkey, auth, namespace, data, ttl, timestamp }, crypto);
    }
    case "delete":
      return deleteCall({ auth, hashes: step.hashes }, crypto);
    case "revoke":
      return revokeSubaccountCall({ auth, tokens: step.tokens, timestamp }, crypto);
    case "unrevoke":
      return unrevokeSubaccountCall({ auth, tokens: step.tokens, timestamp }, crypto);
    case "delete-all":
      return deleteAllCall({ auth, namespace: step.namespace, timestamp }, crypto);
  }
}

function stepResult(step: GroupStep | undefined, value: unknown, timestamp: number): GroupStepResult {
  if (step?.kind !== "store") return { ok: true };
  // The swarm keeps the time of the request with what was stored.
  return { ok: true, hash: (value as { readonly hash: string }).hash, timestamp };
}
