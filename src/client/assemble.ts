/**
 * How a client is put together, and taken apart.
 *
 * @module
 */
import { defaultCrypto } from "../crypto/index.js";
import { SessionError } from "../errors/index.js";
import type { Account } from "../identity/index.js";
import { TEXT_LIMIT, TEXT_LIMIT_PRO } from "../messages/index.js";
import type { Network } from "../network/index.js";
import { Swarms } from "../swarm/index.js";
import type { PollReport } from "./events.js";
import { Files } from "./files.js";
import { groupPort } from "./groups/swarm-port.js";
import {
  type ClientOptions,
  claimAccount,
  closeAll,
  holdCompressor,
  holdNetwork,
  holdStore,
} from "./open.js";
import { buildParts, type ClientParts } from "./parts.js";
import { openPeople } from "./sync-open.js";
import { delay, platformTimers, settledWithin, type Timers } from "./timers.js";
import { clockPort, messageCodec, receiverRules, swarmPort } from "./wiring.js";

/** What a client is made of. */
export interface Assembly {
  readonly account: Account;
  readonly network: Network;
  readonly swarms: Swarms;
  readonly files: Files;
  readonly parts: ClientParts;
  readonly timers: Timers;
  readonly closeTimeoutMs: number;
  /** Run at the end of closing, in order. */
  readonly closers: ReadonlyArray<() => Promise<void>>;
}

const CLOSE_TIMEOUT_MS = 3_000;
const UNSUPPORTED_BYTES = 16 * 1024 * 1024;

/** Puts a client together; what fails on the way lets go of what is held by then. */
export async function assemble(options: ClientOptions): Promise<Assembly> {
  if (typeof options?.network !== "object" || options.network === null) {
    throw new SessionError("INVALID_ARGUMENT", "Client.open needs a network");
  }
  const { crypto = defaultCrypto, timers = platformTimers, now = Date.now, random = Math.random } = options;
  const { polling = {}, receipts = false, typing = false } = options;
  const compressing = holdCompressor(options);
  const store = await holdStore(options);
  const closers = [store.close];
  try {
    const account = await claimAccount(store.value, options.account, crypto);
    const { value: network, close } = await holdNetwork(options, store.value);
    closers.unshift(close);
    const swarms = new Swarms(network, { crypto, sleep: (ms, signal) => delay(ms, timers, signal) });
    const clock = clockPort(network.clock);
    const compress = await compressing;
    const people = { store: store.value, account, swarms, clock, crypto, compress };
    const { contacts, configs, shared } = await openPeople(options, people);
    const rules = receiverRules(options, contacts);
    const world = {
      self: account.sessionId,
      account,
      store: store.value,
      swarm: swarmPort(swarms, account, crypto),
      codec: messageCodec({
        account,
        now: clock.now,
        rules,
        pro: options.pro,
        crypto,
      }),
      contacts,
      configs,
      shared,
      clock,
      crypto,
      compress,
      timers,
      now,
      random,
      logger: options.logger,
      groupPort: groupPort(swarms, crypto),
      rules,
      legacyGroups: options.legacyGroups ?? false,
      communityNetwork: options.communityNetwork ?? network,
      files: (): Files => files,
      polling,
      settings: { receipts, typing },
      textLimit: options.pro === undefined ? TEXT_LIMIT : TEXT_LIMIT_PRO,
      unsupportedBytes: options.unsupportedBytes ?? UNSUPPORTED_BYTES,
    };
    const parts: ClientParts = await buildParts(world, () => pollInTurn(parts));
    const files: Files = new Files({ account, network, crypto, lifetime: parts.lifetime.signal });
    const { closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
    return { account, network, swarms, files, parts, timers, closeTimeoutMs, closers };
  } catch (error) {
    await closeAll(closers).catch(() => {});
    throw error;
  }
}

/** Polls everything, and resolves when what was found is processed. */
export async function pollAndDeliver(parts: ClientParts): Promise<PollReport> {
  const { delivery, communities } = parts;
  const polled = communities.poll();
  try {
    const report = await pollWithGroups(parts);
    const received = (await polled) + (await communities.pollNew());
    return { ...report, received: report.received + received };
  } finally {
    await polled;
    delivery.retry();
    await delivery.settled();
  }
}

/**
 * Polls the own swarm, and then all groups, those that it has told of too. Neither keeps the other from being polled.
 */
async function pollWithGroups({ poller, groups }: ClientParts): Promise<PollReport> {
  let inGroups = 0;
  const pollGroups = async (): Promise<void> => {
    const counts = await Promise.all([
      groups.polling.pollAll({ all: true }),
      groups.legacy.polling.pollAll(),
    ]);
    inGroups = counts[0] + counts[1];
  };
  const report = await poller.poll().catch(async (error: unknown) => {
    await pollGroups();
    throw error;
  });
  await pollGroups();
  return { ...report, received: report.received + inGroups };
}

/** As the loop polls: a group or a community server that does not answer must not keep the swarm waiting. */
async function pollInTurn(parts: ClientParts): Promise<PollReport> {
  const { poller, delivery, groups, communities } = parts;
  groups.pollInBackground();
  communities.pollInBackground();
  try {
    return await poller.poll();
  } finally {
    delivery.retry();
    await delivery.settled();
  }
}

/** Takes a client apart: what runs may finish within the time limit, then all that it opened is closed. */
export async function closeAssembly(assembly: Assembly): Promise<void> {
  const { parts, timers, closeTimeoutMs, closers } = assembly;
  const { loop, delivery, sender, poller, subscriptions, sync, communities, groups, endTimers, lifetime } =
    parts;
  loop?.stop();
  subscriptions.endStreams();
  await endTimers();
  const deliveryDone = delivery.close();
  await Promise.all([
    sender.drain(closeTimeoutMs),
    communities.drain(closeTimeoutMs),
    settledWithin(deliveryDone, closeTimeoutMs, timers),
  ]);
  // Last, because sending and receiving change what is shared.
  await settledWithin(Promise.all([groups.finish(), sync?.close()]), closeTimeoutMs, timers);
  lifetime.abort();
  await Promise.all([
    sender.stopped(),
    poller.stopped(),
    communities.stopped(),
    groups.stopped(),
    sync?.stopped(),
  ]);
  await closeAll(closers);
}
