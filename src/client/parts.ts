/**
 * The parts of a client, put together. Everything they need from outside is in {@link ClientWorld}.
 *
 * @module
 */
import { isSessionError } from "../errors/index.js";
import type { SessionId } from "../identity/index.js";
import type { Store } from "../store/index.js";
import { Delivery } from "./delivery.js";
import { asSessionError } from "./errors.js";
import { Emitter } from "./events.js";
import { childLogger, type Logger } from "./logger.js";
import { type PollingOptions, PollLoop } from "./poll-loop.js";
import { Poller } from "./poller.js";
import type { ClockPort, MessageCodec, SwarmPort } from "./ports.js";
import { Sender } from "./sender.js";
import type { Timers } from "./timers.js";
import { Timestamps } from "./timestamps.js";

/** The world of a client. */
export interface ClientWorld {
  readonly self: SessionId;
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly codec: MessageCodec;
  readonly clock: ClockPort;
  readonly timers: Timers;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly logger: Logger | undefined;
  /** `false`: only on demand. */
  readonly polling: PollingOptions | false;
}

/** The parts. */
export interface ClientParts {
  readonly events: Emitter;
  readonly delivery: Delivery;
  readonly poller: Poller;
  readonly loop: PollLoop | undefined;
  readonly sender: Sender;
  /** Ends everything that runs. */
  readonly lifetime: AbortController;
}

/**
 * Builds the parts and sends what an earlier run left in the outbox.
 *
 * @param poll - polls and delivers; the loop calls it
 * @throws the codes of the store
 */
export async function buildParts(
  world: ClientWorld,
  poll: () => ReturnType<Poller["poll"]>,
): Promise<ClientParts> {
  const { self, store, swarm, codec, clock, timers, now, random, logger, polling } = world;
  const lifetime = new AbortController();
  const eventLog = childLogger(logger, "events");
  const events = new Emitter((error, name) => {
    eventLog.error("a handler threw", { event: name, error });
    // A handler of "error" that throws has nobody left to tell.
    if (name !== "error") events.emit("error", error);
  });
  events.on("error", (error) => eventLog.warn("a failure was reported", { error }));
  const backlog = await store.inboxCount();
  const delivery = new Delivery(
    { self, store, decode: codec.decode, now: clock.now, log: childLogger(logger, "delivery"), events },
    backlog,
  );
  const loop =
    polling === false
      ? undefined
      : new PollLoop(
          {
            poll,
            timers,
            now,
            random,
            onFailure: (error) =>
              events.emit("error", asSessionError(error, "POLL_FAILED", "polling failed")),
          },
          polling,
        );
  const common = { self, store, swarm, codec, clock, timers, events, lifetime: lifetime.signal };
  const timestamps = new Timestamps(clock.now, await store.lastTimestamp());
  const sender = new Sender({ ...common, timestamps, log: childLogger(logger, "send") });
  const poller = new Poller({
    ...common,
    now,
    random,
    log: childLogger(logger, "poll"),
    backlog: () => delivery.backlog,
    onAdded: (count) => delivery.added(count),
  });
  events.on("sent", () => loop?.nudge());
  events.on("poll", pruner(world, events));
  if ((await store.outbox()).length > 0) sender.resume();
  return { events, delivery, poller, loop, sender, lifetime };
}

const PRUNE_EVERY_MS = 3_600_000;

/** Forgets what is over, at most once an hour. After a poll, because then network time is known. */
function pruner({ store, clock, now }: ClientWorld, events: Emitter): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - last < PRUNE_EVERY_MS) return;
    last = now();
    store.prune({ now: clock.now() }).catch((error: unknown) => {
      if (!isSessionError(error, "CLOSED"))
        events.emit("error", asSessionError(error, "POLL_FAILED", "pruning failed"));
    });
  };
}
