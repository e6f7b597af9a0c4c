/**
 * The parts of a client, put together. Everything they need from outside is in {@link ClientWorld}.
 *
 * @module
 */

import type { CommunityNetwork } from "../communities/index.js";
import type { Compress } from "../config/index.js";
import type { Crypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import type { Account, SessionId } from "../identity/index.js";
import type { Store } from "../store/index.js";
import { AccountSettings } from "./account-settings.js";
import { Calls } from "./calls.js";
import { Chores } from "./chores.js";
import { type CommunityParts, openCommunities } from "./communities/open.js";
import type { ContactState } from "./contact-state.js";
import { Contacts } from "./contacts.js";
import { Conversations } from "./conversations.js";
import { Delivery } from "./delivery.js";
import { Disappearing } from "./disappearing.js";
import { applyMessage, applyProfile } from "./effects.js";
import { asSessionError } from "./errors.js";
import { Emitter } from "./events.js";
import type { Files } from "./files.js";
import { forgetRemoved } from "./forgetting.js";
import { takeInvitation } from "./groups/invitations.js";
import { type GroupParts, openGroups } from "./groups/open.js";
import type { GroupPort } from "./groups/port.js";
import { directSource } from "./inbox.js";
import { childLogger, type Logger } from "./logger.js";
import { noteSent } from "./outbound.js";
import { OwnProfile } from "./own-profile.js";
import { type PollingOptions, PollLoop } from "./poll-loop.js";
import { Poller } from "./poller.js";
import type { ClockPort, MessageCodec, SwarmPort } from "./ports.js";
import type { Reactions } from "./reactions.js";
import { markRead } from "./reading.js";
import { Sender } from "./sender.js";
import { sendToPerson } from "./sending.js";
import { Subscriptions } from "./subscriptions.js";
import { Sync } from "./sync.js";
import type { Configs } from "./sync-configs.js";
import type { Shared } from "./sync-open.js";
import type { Timers } from "./timers.js";
import { Timestamps } from "./timestamps.js";
import { Typing } from "./typing.js";
import { TypingIndicators } from "./typing-indicators.js";
import { Unsupported } from "./unsupported.js";
import { VERSION } from "./version.js";
import type { receiverRules } from "./wiring.js";
import type { SendingWorld, Settings, World } from "./world.js";

/** The world of a client. */
export interface ClientWorld {
  readonly self: SessionId;
  readonly account: Account;
  readonly store: Store;
  readonly swarm: SwarmPort;
  readonly codec: MessageCodec;
  readonly contacts: ContactState;
  readonly configs: Configs;
  /** Absent: nothing is shared with other devices. */
  readonly shared: Shared | undefined;
  readonly clock: ClockPort;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
  readonly timers: Timers;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly logger: Logger | undefined;
  readonly groupPort: GroupPort;
  /** The receiver's settings, for the rules of messages. */
  readonly rules: ReturnType<typeof receiverRules>;
  /** Closed groups of the old kind are read and written, not only listed. */
  readonly legacyGroups: boolean;
  /** The way to community servers. */
  readonly communityNetwork: CommunityNetwork;
  /** The files of the client that is being built. */
  readonly files: () => Files;
  /** `false`: only on demand. */
  readonly polling: PollingOptions | false;
  readonly settings: Settings;
  /** Code points of a text. */
  readonly textLimit: number;
  /** Most bytes of what this version cannot read. */
  readonly unsupportedBytes: number;
}

/** The parts. */
export interface ClientParts {
  readonly events: Emitter;
  readonly delivery: Delivery;
  readonly poller: Poller;
  readonly sync: Sync | undefined;
  readonly loop: PollLoop | undefined;
  readonly sender: Sender;
  readonly subscriptions: Subscriptions;
  readonly disappearing: Disappearing;
  readonly world: SendingWorld;
  readonly reactions: Reactions;
  readonly contacts: Contacts;
  readonly profile: OwnProfile;
  readonly conversations: Conversations;
  readonly settings: AccountSettings;
  readonly typing: Typing;
  readonly call: Calls;
  readonly communities: CommunityParts;
  readonly groups: GroupParts;
  /** Ends what waits for a timer. */
  readonly endTimers: () => Promise<void>;
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
  outer: ClientWorld,
  poll: () => ReturnType<Poller["poll"]>,
): Promise<ClientParts> {
  const { self, store, swarm, codec, contacts, clock, timers, now, random, logger, polling } = outer;
  const lifetime = new AbortController();
  const events = emitter(childLogger(logger, "events"));
  const log = childLogger(logger, "client");
  const chores = new Chores({ store, swarm, clock, log, lifetime: lifetime.signal });
  const state: World = {
    self,
    store,
    contacts,
    configs: outer.configs,
    clock,
    timers,
    events,
    log,
    settings: outer.settings,
    textLimit: outer.textLimit,
    chores,
  };
  const disappearing = new Disappearing(state);
  const indicators = new TypingIndicators(timers, events);
  const { unsupported } = await Unsupported.open({
    self,
    store,
    events,
    now: clock.now,
    version: VERSION,
    maxBytes: outer.unsupportedBytes,
  });
  const effects = { ...state, indicators, disappearing };
  const deliveryLog = childLogger(logger, "delivery");
  const subscribe = (
    conversation: string,
    signal: AbortSignal | undefined,
  ): ReturnType<Subscriptions["stream"]> => subscriptions.stream(signal, conversation);
  const common = { self, store, swarm, clock, timers, events, lifetime: lifetime.signal };
  const groups = await openGroups({
    ...state,
    ...common,
    account: outer.account,
    crypto: outer.crypto,
    compress: outer.compress,
    port: outer.groupPort,
    codec,
    rules: outer.rules,
    timestamps: new Timestamps(clock.now, await store.lastTimestamp()),
    disappearing,
    unsupported,
    files: outer.files,
    now,
    random,
    log: childLogger(logger, "groups"),
    makeSender: ({ codec: encoder, timestamps, note }) =>
      new Sender({
        ...common,
        codec: encoder,
        timestamps,
        log: childLogger(logger, "send"),
        note(batch, sent) {
          noteSent(state, batch, sent);
          note(batch, sent);
        },
        discard: (batch, hash) => chores.add(batch, hash, { delete: true }),
      }),
    backlog: (id) => delivery.backlog("group", id),
    onAdded: (id, count) => delivery.added("group", count, id),
    onNews: () => loop?.nudge(),
    legacyGroups: {
      isOn: outer.legacyGroups,
      backlog: () => delivery.backlog("legacy-group"),
      onAdded: (count) => delivery.added("legacy-group", count),
    },
    // A member who is no contact is on the group's list only.
    applyProfile: async (from, profile) => {
      if (contacts.get(from) !== undefined) await applyProfile(state, from, profile);
    },
    texts: subscribe,
  });
  const { sender } = groups;
  const direct = directSource({
    self,
    store,
    decode: codec.decode,
    now: clock.now,
    log: deliveryLog,
    events,
    unsupported,
    apply: (message, item, track) => applyMessage(effects, message, item, track),
    applyProfile: (from, profile) => applyProfile(state, from, profile),
    takeInvitation: (message, item) => takeInvitation(groups.world, message, item),
    takeLegacyControl: (message, item) => groups.legacy.takeControl(message, item),
  });
  const communities = await openCommunities(
    {
      ...state,
      account: outer.account,
      crypto: outer.crypto,
      network: outer.communityNetwork,
      localTime: now,
      random,
      lifetime: lifetime.signal,
      unsupported,
      backlog: (name, place) => delivery.backlog(name, place),
      onAdded: (name, count, place) => delivery.added(name, count, place),
      files: outer.files,
      sendToPerson: (id, content, settings) => sendToPerson(world, outer.files(), id, content, settings),
      texts: subscribe,
    },
    { onJoined: () => loop?.nudge(), onNews: () => loop?.nudge() },
  );
  const sources = [communities.recognising(direct), ...groups.sources, ...communities.sources];
  const delivery: Delivery = await Delivery.open({ store, log: deliveryLog, events, sources });
  const loop = polling === false ? undefined : pollLoop(outer, events, poll, polling);
  const world: SendingWorld = { ...state, sender };
  const sync = openSync(outer, world, disappearing, lifetime.signal);
  const poller = new Poller({
    ...common,
    now,
    random,
    log: childLogger(logger, "poll"),
    backlog: () => delivery.backlog("direct"),
    configs: sync,
    onAdded: (count) => delivery.added("direct", count),
  });
  const subscriptions: Subscriptions = new Subscriptions({ events, delivery, disappearing, loop });
  const people = new Contacts(world);
  const typing = new Typing(world);
  const call = new Calls(world, outer.crypto);
  events.on("sent", ({ to, kind }) => {
    loop?.nudge();
    if (kind === "text") typing.sent(to);
    disappearing.wake();
  });
  events.on("poll", ({ error }) => {
    if (error !== undefined) return;
    void chores.run();
    sync?.polled();
  });
  events.on("poll", pruner(outer, events));
  if ((await store.outbox()).length > 0) sender.resume();
  groups.resume();
  disappearing.wake();
  return {
    events,
    delivery,
    poller,
    sync,
    loop,
    sender,
    subscriptions,
    disappearing,
    world,
    reactions: groups.reactions,
    contacts: people,
    profile: new OwnProfile(self, people),
    conversations: new Conversations(world),
    settings: new AccountSettings(world),
    typing,
    call,
    communities,
    groups,
    async endTimers() {
      typing.close();
      call.close();
      indicators.close();
      await disappearing.close();
    },
    lifetime,
  };
}

function openSync(
  { shared, configs, clock, timers, random, self, store, swarm, logger }: ClientWorld,
  world: SendingWorld,
  disappearing: Disappearing,
  lifetime: AbortSignal,
): Sync | undefined {
  if (shared === undefined) return undefined;
  // Who wrote was told by the device on which it was read.
  const silent: SendingWorld = { ...world, settings: { ...world.settings, receipts: false } };
  return new Sync({
    ...shared,
    configs,
    self,
    store,
    swarm,
    clock,
    timers,
    random,
    log: childLogger(logger, "sync"),
    events: world.events,
    lifetime,
    async onRead({ id, upTo }) {
      await markRead(silent, id, upTo, disappearing, {});
    },
  });
}

function emitter(log: Logger): Emitter {
  const events: Emitter = new Emitter((error, name) => {
    log.error("a handler threw", { event: name, error });
    // A handler of "error" that throws has nobody left to tell.
    if (name !== "error") events.emit("error", error);
  });
  events.on("error", (error) => log.warn("a failure was reported", { error }));
  return events;
}

function pollLoop(
  { timers, now, random }: ClientWorld,
  events: Emitter,
  poll: () => ReturnType<Poller["poll"]>,
  options: PollingOptions,
): PollLoop {
  const onFailure = (error: unknown): void =>
    events.emit("error", asSessionError(error, "POLL_FAILED", "polling failed"));
  return new PollLoop({ poll, timers, now, random, onFailure }, options);
}

const PRUNE_EVERY_MS = 3_600_000;

/** Forgets what is over, at most once an hour. After a poll, because then network time is known. */
function pruner({ self, store, contacts, clock, now }: ClientWorld, events: Emitter): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let isFirst = true;
  const prune = async (): Promise<void> => {
    // What a crash kept from being forgotten with the person.
    if (isFirst) await forgetRemoved({ self, store, contacts });
    isFirst = false;
    await store.prune({ now: clock.now() });
  };
  return () => {
    if (now() - last < PRUNE_EVERY_MS) return;
    last = now();
    prune().catch((error: unknown) => {
      if (!isSessionError(error, "CLOSED"))
        events.emit("error", asSessionError(error, "POLL_FAILED", "pruning failed"));
    });
  };
}
