/**
 * Several calls in one request.
 *
 * A server answers 200 whatever became of the entries, so every entry has a result of its own: `{ ok: true, value }` or
 * `{ ok: false, error }`. Nothing is thrown for an entry.
 *
 * @module
 */
import { batchCall, type SubResults, sequenceCall } from "./calls.js";
import { PUSH_POLICY } from "./retry.js";
import type { AnswerSource } from "./store.js";
import type { RequestFactory, SwarmCallOptions, Swarms } from "./swarms.js";
import type { SwarmCall } from "./types.js";

/** Results in the order of the calls. */
export interface ManyResult<Calls extends readonly SwarmCall<unknown>[]> extends AnswerSource {
  readonly results: SubResults<Calls>;
}

/**
 * Runs up to 20 calls about one account in parallel at one member of its swarm.
 *
 * ```ts
 * const { results: [profile, contacts] } = await batch(swarms, auth.pubkey, (timestamp) => [
 *   retrieveCall({ pubkey: auth.pubkey, namespace: 2, auth, timestamp, maxSize: -8 }),
 *   retrieveCall({ pubkey: auth.pubkey, namespace: 3, auth, timestamp, maxSize: -8 }),
 * ]);
 * ```
 *
 * @throws codes of `Swarms.run`, `SWARM_REPLY_INVALID` if the number of results is not that of the calls
 */
export async function batch<const Calls extends readonly SwarmCall<unknown>[]>(
  swarms: Swarms,
  pubkey: string,
  build: RequestFactory<Calls>,
  options: SwarmCallOptions = {},
): Promise<ManyResult<Calls>> {
  const { value, node, path } = await swarms.run(pubkey, (now) => batchCall(build(now)), options);
  return { results: value, node, path };
}

/**
 * Runs up to 20 calls about one account one after the other, until one fails; those after it are `SWARM_NOT_RUN`. At most
 * five of them should be ones that wait for the whole swarm: a relay gives up after 30 s.
 *
 * @throws as {@link batch}
 */
export async function sequence<const Calls extends readonly SwarmCall<unknown>[]>(
  swarms: Swarms,
  pubkey: string,
  build: RequestFactory<Calls>,
  options: SwarmCallOptions = {},
): Promise<ManyResult<Calls>> {
  const { value, node, path } = await swarms.run(pubkey, (now) => sequenceCall(build(now)), {
    ...PUSH_POLICY,
    ...options,
  });
  return { results: value, node, path };
}
