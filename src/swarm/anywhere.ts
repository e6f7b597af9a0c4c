/**
 * Calls that any node of the network answers: about itself, or passed on to the chain daemon beside it.
 *
 * @module
 */
import { bytesToBase64, hexToBytes, readUint32LE } from "../bytes/index.js";
import { type AbortOptions, isSessionError, SessionError } from "../errors/index.js";
import { decryptNameValue, nameHash, parseName, type SessionId } from "../identity/index.js";
import { infoCall } from "./calls.js";
import { invalidArgument, replyInvalid, type SwarmErrorCode } from "./errors.js";
import { type OxendEndpoint, oxendRequestRequest } from "./meta-requests.js";
import { member, readText } from "./read.js";
import { type InfoReply, parseOxendReply } from "./replies.js";
import { isFatal } from "./retry.js";
import type { AnswerSource } from "./store.js";
import type { SwarmCallOptions, Swarms } from "./swarms.js";
import type { ServiceNode } from "./types.js";

/** A node about itself. */
export interface InfoResult extends InfoReply, AnswerSource {}

/**
 * Version and clock of a node: of `options.node`, else of a random one.
 *
 * @throws codes of `Swarms.run`
 */
export async function info(swarms: Swarms, options: SwarmCallOptions = {}): Promise<InfoResult> {
  const { value, node, path } = await swarms.runAnywhere(infoCall, options);
  return { ...value, node, path };
}

/** What the chain daemon beside a node said. */
export interface OxendResult extends AnswerSource {
  /** Parsed JSON: integers above 2^53, such as swarm ids, have lost bits. */
  readonly result: Readonly<Record<string, unknown>>;
}

/**
 * Asks the chain daemon beside a node.
 *
 * @throws codes of `Swarms.run`; `SWARM_BAD_REQUEST` if the daemon refuses
 */
export async function oxendRequest(
  swarms: Swarms,
  endpoint: OxendEndpoint,
  params: Readonly<Record<string, unknown>> = {},
  options: SwarmCallOptions = {},
): Promise<OxendResult> {
  const request = oxendRequestRequest(endpoint, params);
  const { value, node, path } = await swarms.runAnywhere(() => ({ request, read: parseOxendReply }), options);
  return { result: value, node, path };
}

/** Options of {@link resolveName}. */
export interface ResolveNameOptions extends AbortOptions {
  /** How many nodes to ask, each by its own way. Default: 3. */
  readonly nodes?: number | undefined;
  /** How many of them must say the same. Default: all. */
  readonly quorum?: number | undefined;
}

/** Attempts to reach each node about a name, over different paths. */
const NAME_ATTEMPTS = 2;

/**
 * The Session ID that a registered name stands for (docs/protocol/identity.md §6).
 *
 * @throws `NAME_INVALID`; `SWARM_NAME_NOT_REGISTERED` if the nodes agree on that; `SWARM_NAME_UNRESOLVED` if they do not
 * agree or answer; `SWARM_NO_NODES` if there are not as many; `ABORTED`
 */
export async function resolveName(
  swarms: Swarms,
  text: string,
  options: ResolveNameOptions = {},
): Promise<SessionId> {
  const { signal, nodes: count = 3, quorum = count } = options;
  if (!Number.isInteger(count) || !Number.isInteger(quorum) || quorum < 1 || quorum > count)
    throw invalidArgument("the quorum is from 1 to the number of nodes", { nodes: count, quorum });
  const name = parseName(text);
  const params = { type: 0, name_hash: bytesToBase64(nameHash(name, swarms.crypto)) };
  const nodes = someNodes(swarms, await swarms.network.nodes({ signal }), count);
  const answers = await Promise.all(
    nodes.map(async (node) => {
      try {
        const call = { node, signal, attempts: NAME_ATTEMPTS };
        const { result } = await oxendRequest(swarms, "ons_resolve", params, call);
        return { owner: readOwner(swarms, name, result) };
      } catch (error) {
        if (isFatal(error)) throw error;
        return { error };
      }
    }),
  );
  const votes = new Map<SessionId | undefined, number>();
  for (const answer of answers)
    if ("owner" in answer) votes.set(answer.owner, (votes.get(answer.owner) ?? 0) + 1);
  const winner = [...votes].find(([, number]) => number >= quorum);
  if (winner === undefined) {
    const cause = answers.map((answer) => answer.error).find((error) => error !== undefined);
    const details = { asked: count, answers: [...votes.values()], quorum };
    throw new SessionError<SwarmErrorCode>("SWARM_NAME_UNRESOLVED", "the nodes do not agree about the name", {
      cause,
      details,
    });
  }
  if (winner[0] === undefined)
    throw new SessionError<SwarmErrorCode>("SWARM_NAME_NOT_REGISTERED", "nobody owns the name");
  return winner[0];
}

/** Whom the daemon's result names; `undefined`: nobody. */
function readOwner(
  swarms: Swarms,
  name: string,
  result: Readonly<Record<string, unknown>>,
): SessionId | undefined {
  const value = member(result, "encrypted_value");
  if (value === undefined || value === null || value === "") return undefined;
  // An entry without a nonce is encrypted in a way that the apps no longer read.
  const ciphertext = readHex(value, "the name's value");
  const nonce = readHex(member(result, "nonce"), "the name's nonce");
  return decryptNameValue({ name, ciphertext, nonce }, swarms.crypto);
}

function readHex(value: unknown, what: string): Uint8Array {
  const text = readText(value, what);
  try {
    return hexToBytes(text);
  } catch (cause) {
    if (isSessionError(cause)) throw replyInvalid(`${what} is no hexadecimal text`, cause);
    throw cause;
  }
}

/** `count` different random nodes. */
function someNodes(swarms: Swarms, pool: readonly ServiceNode[], count: number): readonly ServiceNode[] {
  if (pool.length < count)
    throw new SessionError<SwarmErrorCode>("SWARM_NO_NODES", "the network has too few nodes to ask", {
      details: { nodes: pool.length, needed: count },
    });
  const rest = [...pool];
  return Array.from({ length: count }, () => {
    const index = readUint32LE(swarms.crypto.randomBytes(4)) % rest.length;
    return rest.splice(index, 1)[0] as ServiceNode;
  });
}
