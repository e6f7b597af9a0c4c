/**
 * `expire`: sets, extends or shortens the life of messages (docs/protocol/storage-server-behaviour.md §6, §9, §10).
 *
 * @module
 */
import { Access, credentialFields, isAuthentic, parseCredentials } from "./auth.js";
import { invalidRequest } from "./errors.js";
import { type Params, readBoolean, readStrings, readTimestamps, required } from "./fields.js";
import { checkHashes, requireHashes } from "./methods-change.js";
import { MAX_TTL } from "./methods-store.js";
import { type MethodTable, onWholeSwarm, refuse, signAnswer, wrongSwarm } from "./rpc-types.js";

export const expireMethods: MethodTable = {
  expire: (params, { version }) => {
    const { credentials, expiries, hashes, shorten, extend } = parseExpire(params);
    const { account, subaccount } = credentials;
    const isOlder = version[0] === 2 && version[1] <= 8;
    return {
      isRecursive: true,
      async run(node, recurse) {
        if (!node.serves(account)) return wrongSwarm(node, account);
        const [hard, soft] = node.rules.hardfork;
        if (isOlder && expiries.length > 1 && (hard < 19 || (hard === 19 && soft < 4))) {
          return refuse(403, "expire: multi-expiry requests are not yet active on the network");
        }
        const now = node.now();
        if (expiries.some((expiry) => expiry < now - 60_000)) {
          return refuse(401, "expire: timestamp should be >= current time");
        }
        const authentic = isAuthentic(credentials, {
          database: node.database,
          crypto: node.crypto,
          access: Access.write,
          signed: ["expire", shorten ? "shorten" : extend ? "extend" : "", ...expiries, ...hashes],
        });
        if (!authentic) return refuse(401, "expire: signature verification failed");
        // Shortening is nearly deleting, so it takes that right.
        const mayShorten = subaccount === undefined || ((subaccount.token[1] ?? 0) & Access.delete) !== 0;
        if (shorten && !mayShorten) {
          return refuse(
            400,
            "expire: shorten parameter cannot be used with this subaccount token (missing delete access)",
          );
        }
        return onWholeSwarm(node, { method: "expire", params }, recurse, () => {
          const applied = expiries.map((expiry) => Math.min(now + MAX_TTL, expiry));
          const updated = new Map<string, number>();
          const single = applied.length === 1 ? applied[0] : undefined;
          hashes.forEach((hash, index) => {
            const expiry = single ?? applied[index] ?? 0;
            if (single !== undefined && updated.has(hash)) return;
            const allowed = (present: number): boolean =>
              extend || !mayShorten ? present < expiry : shorten ? present > expiry : true;
            if (node.database.setExpiry(account, hash, expiry, allowed)) updated.set(hash, expiry);
          });
          const updatedHashes = [...updated.keys()].sort();
          const unchanged = hashes
            .filter((hash) => !updated.has(hash))
            .flatMap((hash) => {
              const message = node.database.get(account, hash);
              return message === undefined ? [] : [[hash, message.expiry] as const];
            })
            .sort(([a], [b]) => (a < b ? -1 : 1));
          const listed = shorten || extend ? unchanged : [];
          const reported =
            single === undefined ? updatedHashes.map((hash) => updated.get(hash) ?? 0) : [single];
          return {
            expiry: single ?? reported,
            updated: updatedHashes,
            unchanged: shorten || extend ? Object.fromEntries(listed) : undefined,
            signature: signAnswer(
              node,
              account.id,
              ...reported,
              ...hashes,
              ...updatedHashes,
              ...listed.flat(),
            ),
          };
        });
      },
    };
  },
};

function parseExpire(params: Params) {
  const sent = readTimestamps(params, "expiry");
  const extend = readBoolean(params, "extend") ?? false;
  const messages = readStrings(params, "messages");
  const shorten = readBoolean(params, "shorten") ?? false;
  const credentials = parseCredentials(credentialFields(params, true));
  const expiries = required("expiry", sent);
  if (expiries.length === 0) throw invalidRequest("'expiry' does not contain any expiration timestamps");
  if (shorten && extend) throw invalidRequest("cannot specify both 'shorten' and 'extend'");
  const hashes = requireHashes(messages);
  if (expiries.length > 1 && expiries.length !== hashes.length) {
    throw invalidRequest("'expiry' must be a single expiry, or the same length as 'messages'");
  }
  checkHashes(hashes);
  return { credentials, expiries, hashes, shorten, extend };
}
