/**
 * Storing the account's configs in its swarm, and keeping them alive (docs/protocol/swarm.md §10.3).
 *
 * @module
 */
import { CONFIG_TTL_MS } from "../config/index.js";
import type { Crypto } from "../crypto/index.js";
import type { SessionError } from "../errors/index.js";
import type { Account } from "../identity/index.js";
import { deleteCall, expire, type Swarms, sequence, storeCall, userAuth } from "../swarm/index.js";
import type { ConfigItem, ConfigPort } from "./ports.js";

/** Entries of one request that wait for the whole swarm: a relay gives up after 30 s. */
const MAX_ENTRIES = 5;
/** Between two attempts, each with another member, ms. */
const RETRY_MS = 100;

/** The swarm of `account`, as a place for its configs. */
export function configPort(swarms: Swarms, account: Account, crypto: Crypto): ConfigPort {
  const auth = userAuth(account, crypto);
  const pubkey = account.sessionId;
  return {
    async push(items, obsolete, { signal }) {
      const hashes: Array<string | undefined> = [];
      let error: SessionError | undefined;
      let deletes = obsolete.length > 0;
      const chunks = inChunks(items);
      // The deletion goes with the last stores if there is room for it.
      if (deletes && (chunks.at(-1)?.length ?? MAX_ENTRIES) === MAX_ENTRIES) chunks.push([]);
      for (const [index, chunk] of chunks.entries()) {
        if (error !== undefined) break;
        const removes = obsolete.length > 0 && index === chunks.length - 1;
        const { results } = await sequence(
          swarms,
          pubkey,
          (timestamp) => [
            ...chunk.map((item) =>
              storeCall({ pubkey, auth, timestamp, ttl: CONFIG_TTL_MS, ...item }, crypto),
            ),
            ...(removes ? [deleteCall({ auth, hashes: obsolete }, crypto)] : []),
          ],
          { signal, delayMs: () => RETRY_MS },
        );
        for (const [place, result] of results.entries()) {
          if (!result.ok) error ??= result.error;
          const isStore = place < chunk.length;
          if (isStore) hashes.push(result.ok && "hash" in result.value ? result.value.hash : undefined);
          else deletes = result.ok;
        }
      }
      while (hashes.length < items.length) hashes.push(undefined);
      return { hashes, deleted: deletes && error === undefined, error };
    },

    async extend(hashes, expiry, { signal }) {
      const { swarm } = await expire(swarms, { auth, hashes, expiry, mode: "extend" }, { signal });
      const known = swarm.flatMap((member) => {
        if (!member.ok || member.value.unchanged === undefined) return [];
        return [new Set([...member.value.updated.keys(), ...member.value.unchanged.keys()])];
      });
      return hashes.filter((hash) => known.some((there) => !there.has(hash)));
    },
  };
}

function inChunks(items: readonly ConfigItem[]): ConfigItem[][] {
  const chunks: ConfigItem[][] = [];
  for (let at = 0; at < items.length; at += MAX_ENTRIES) chunks.push(items.slice(at, at + MAX_ENTRIES));
  return chunks;
}
