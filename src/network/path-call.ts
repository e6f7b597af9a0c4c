/**
 * A call over paths: one attempt after the other, each over another path, until the destination has answered
 * (docs/protocol/network.md §§7.1, 7.3).
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { OnionDestination, OnionReplyKeys } from "../onion/index.js";
import type { Emitter } from "./emitter.js";
import { type ExchangeContext, type Outcome, sendOverPath } from "./exchange.js";
import { classifyPathFailure, type PathFailureAction, type PathSymptom } from "./path-failure.js";
import type { Path } from "./path-list.js";
import type { PathManager } from "./paths.js";
import type { NodePool } from "./pool.js";
import type { NetworkErrorCode, NetworkEvents, ServerDestination, ServiceNode } from "./types.js";
import type { Sleep } from "./wait.js";

const ATTEMPTS = 3;
/** Wait between two attempts, milliseconds. */
const ATTEMPT_PAUSE = 100;

/** What a call goes through. */
export interface CallWorld {
  readonly pool: NodePool;
  readonly paths: PathManager;
  readonly events: Emitter<NetworkEvents>;
  readonly now: () => number;
  readonly sleep: Sleep;
}

/** One call. */
export interface PathCall<Reply> {
  readonly destination: ServiceNode | ServerDestination;
  /** The destination as onion layers name it. */
  readonly route: OnionDestination;
  /** For events and errors. */
  readonly method: string;
  readonly payload: Uint8Array;
  readonly open: (body: Uint8Array, keys: OnionReplyKeys, crypto: Crypto) => Reply;
  readonly attempts?: number | undefined;
  /** What is left of the time limit of the whole call, milliseconds. */
  readonly remaining: () => number;
}

/** A failed attempt, in `details.attempts` of the error that ends a call. */
interface FailedAttempt {
  readonly reason: PathFailureAction["reason"];
  readonly symptom: number | PathSymptom;
  readonly body: string;
  readonly path: readonly string[];
}

/**
 * The destination's reply, the path it took, and when the request was sent.
 *
 * @throws SessionError as `Network.call` and `Network.callServer`
 */
export async function callOverPaths<Reply extends { readonly status: number }>(
  world: CallWorld,
  context: ExchangeContext,
  call: PathCall<Reply>,
): Promise<{ readonly reply: Reply; readonly path: Path; readonly sentAt: number }> {
  const { pool, paths, sleep } = world;
  const { signal } = context;
  const key = call.route.kind === "node" ? call.route.node.ed25519PublicKey : undefined;
  const tried = new Set<number>();
  const failures: FailedAttempt[] = [];
  for (let attempt = 1; ; attempt++) {
    await pool.ensure({ signal });
    const path = await paths.getPath({ exclude: key, avoid: tried, signal });
    const sentAt = world.now();
    const outcome = await attemptOver(path, attempt, world, context, call);
    if (outcome.kind === "reply") return { reply: outcome.reply, path, sentAt };

    const keys = path.nodes.map((node) => node.ed25519PublicKey);
    const action = classifyPathFailure(outcome.symptom, outcome.body, { path: keys, destination: key });
    report(world, call, path, { attempt, sentAt, failure: action.reason });
    paths.punish(path, action);
    const isRepeated = failures.some(({ reason }) => reason === action.reason);
    failures.push({ reason: action.reason, symptom: outcome.symptom, body: outcome.body, path: keys });
    const canRetry = action.retry === "other-path" || (action.retry === "fresh-keys" && !isRepeated);
    if (!canRetry || attempt >= (call.attempts ?? ATTEMPTS) || call.remaining() <= ATTEMPT_PAUSE) {
      throw new SessionError<NetworkErrorCode>(
        action.error,
        `the request failed on its way: ${action.reason}`,
        {
          cause: outcome.cause,
          details: {
            method: call.method,
            attempts: failures,
            ...(typeof outcome.symptom === "number" ? { status: outcome.symptom } : {}),
          },
        },
      );
    }
    tried.add(path.id);
    await sleep(ATTEMPT_PAUSE, signal);
  }
}

async function attemptOver<Reply extends { readonly status: number }>(
  path: Path,
  attempt: number,
  world: CallWorld,
  context: ExchangeContext,
  call: PathCall<Reply>,
): Promise<Outcome<Reply>> {
  const sentAt = world.now();
  const timeoutMs = Math.max(1, Math.min(context.timeoutMs, call.remaining()));
  try {
    const outcome = await sendOverPath(
      { ...context, timeoutMs },
      path.nodes,
      call.route,
      call.payload,
      call.open,
    );
    if (outcome.kind === "reply")
      report(world, call, path, { attempt, sentAt, status: outcome.reply.status });
    return outcome;
  } catch (error) {
    if (isSessionError(error, "ABORTED", "CLOSED"))
      report(world, call, path, { attempt, sentAt, failure: "aborted" });
    throw error;
  }
}

function report(
  { events, now }: CallWorld,
  { destination, method }: Pick<PathCall<unknown>, "destination" | "method">,
  path: Path,
  {
    sentAt,
    ...result
  }: { readonly sentAt: number } & Pick<NetworkEvents["request"], "attempt" | "status" | "failure">,
): void {
  events.emit("request", { destination, method, path: path.nodes, durationMs: now() - sentAt, ...result });
}
