/**
 * How the parts of `client.groups` are put together.
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";
import { isGroupId } from "../../identity/index.js";
import { changeSharedConversation } from "../conversations.js";
import { asSessionError } from "../errors.js";
import { ownProfile } from "../outbound.js";
import type { MessageCodec } from "../ports.js";
import { Reactions } from "../reactions.js";
import type { ReceivedText } from "../received.js";
import type { Sender } from "../sender.js";
import type { MessageSource } from "../sources.js";
import type { Timestamps } from "../timestamps.js";
import { Directory } from "./directory.js";
import { Groups } from "./groups.js";
import { LegacyDirectory } from "./legacy/directory.js";
import { type LegacyBase, type LegacyParts, openLegacyGroups } from "./legacy/open.js";
import { legacyFields, withLegacyGroups } from "./legacy/sending.js";
import type { LiveGroup } from "./live-group.js";
import { GroupPolling, type GroupPollingWorld } from "./polling.js";
import { Pushes } from "./pushes.js";
import { groupFields, withGroups } from "./sending.js";
import { type GroupSourceWorld, groupSource } from "./source.js";
import { afterPoll } from "./upkeep.js";
import { GroupWork } from "./work.js";
import type { GroupWorld } from "./world.js";

/** What groups are made of. */
export interface GroupsBase
  extends Omit<GroupWorld, "sender" | "directory" | "poll" | "wake" | "work">,
    Pick<GroupPollingWorld, "backlog" | "onAdded">,
    Pick<GroupSourceWorld, "unsupported" | "rules" | "applyProfile"> {
  /** The one sender of the client, which encodes for groups too. */
  readonly makeSender: (parts: SenderParts) => Sender;
  /** Closed groups of the old kind. */
  readonly legacyGroups: Pick<LegacyBase, "isOn" | "backlog" | "onAdded">;
  /** Told of new messages that came while nobody waited for them. */
  readonly onNews: () => void;
  /** The texts of one conversation. */
  readonly texts: (
    conversation: string,
    signal: AbortSignal | undefined,
  ) => AsyncIterableIterator<ReceivedText, undefined>;
}

/** What groups add to the client's sender. */
interface SenderParts {
  readonly codec: MessageCodec;
  readonly timestamps: Timestamps;
  /** Is told of every message that was sent. */
  readonly note: LegacyParts["noteSent"];
}

/** The parts. */
export interface GroupParts {
  readonly groups: Groups;
  readonly legacy: LegacyParts;
  readonly world: GroupWorld;
  readonly sender: Sender;
  /** To people and groups. */
  readonly reactions: Reactions;
  readonly sources: readonly MessageSource[];
  readonly polling: GroupPolling;
  /** Polls the groups that are due, and waits for none: a swarm that does not answer must not keep the own one waiting. */
  pollInBackground(): void;
  /** Goes on with what an earlier run left. */
  resume(): void;
  /** Resolves when all that can be pushed is, and no work is left that can be done. */
  flush(): Promise<void>;
  /** Pushes what waits to be pushed, before the client ends. Never rejects: the next client goes on with the rest. */
  finish(): Promise<void>;
  /** Resolves when nothing runs; the client's lifetime has ended. */
  stopped(): Promise<void>;
}

/** Opens the groups of the store. @throws the codes of the store */
export async function openGroups(base: GroupsBase): Promise<GroupParts> {
  const directory = await Directory.open({ ...base, push: (group, options) => pushes.push(group, options) });
  const known = await LegacyDirectory.open(base);
  const codec = withGroups(withLegacyGroups(base.codec, { ...base, legacy: known }), {
    ...base,
    directory,
    poll: (group, options) => world.poll(group, options),
    wake: (group) => world.wake(group),
  });
  const { timestamps } = base;
  const sender = base.makeSender({ codec, timestamps, note: (batch, sent) => legacy.noteSent(batch, sent) });
  const work = new GroupWork();
  const world: GroupWorld = {
    ...base,
    directory,
    codec,
    sender,
    async poll(group, options) {
      await polling.poll(group, options);
    },
    wake: (group) => pushes.wake(group),
    work: (group) => work.wake(world, group),
  };
  const polling = new GroupPolling({
    ...world,
    backlog: base.backlog,
    onAdded: base.onAdded,
    afterPoll: (group) => afterPoll(world, group),
  });
  const pushes = new Pushes({ ...world, profile: () => ownProfile(world), read: world.poll });
  const { unsupported, rules, applyProfile, texts } = base;
  const reactions = new Reactions({
    ...world,
    groupFields: (id) =>
      isGroupId(id)
        ? groupFields(world, directory.require(id))
        : known.get(id) && legacyFields(world, known.require(id).state),
  });
  const legacy: LegacyParts = openLegacyGroups({
    ...world,
    ...base.legacyGroups,
    legacy: known,
    rules,
    applyProfile,
    texts,
  });
  followConfig(world);
  const rounds = new Set<Promise<void>>();
  return {
    world,
    legacy,
    sender,
    reactions,
    polling,
    sources: [groupSource({ ...world, unsupported, rules, applyProfile }), legacy.source],
    groups: new Groups({
      ...world,
      legacy: legacy.groups,
      texts,
      react: reactions.send.bind(reactions),
      markRead: (id, lastRead) => changeSharedConversation(world, { kind: "group", id }, { lastRead }),
    }),
    pollInBackground() {
      const round = pollDue(world, polling, legacy.polling)
        .then((count) => {
          if (count > 0) base.onNews();
        })
        .finally(() => rounds.delete(round));
      rounds.add(round);
    },
    resume() {
      for (const group of directory.groups()) wake(world, group);
    },
    async flush() {
      for (const group of directory.groups()) {
        try {
          if (group.needsPush) await group.push();
        } catch (error) {
          // Membership may end at any time.
          if (group.isOpen) throw error;
        }
      }
      await work.settled();
    },
    async finish() {
      const waiting = directory.groups().filter(({ needsPush, record }) => needsPush && record.isRead);
      await Promise.allSettled(waiting.map((group) => group.push()));
    },
    async stopped() {
      await Promise.all([
        ...rounds,
        polling.stopped(),
        legacy.polling.stopped(),
        pushes.close(),
        work.close(),
      ]);
    },
  };
}

/** Polls what is due. Never rejects. */
async function pollDue(
  { events, lifetime }: GroupWorld,
  polling: GroupPolling,
  legacy: LegacyParts["polling"],
): Promise<number> {
  try {
    const counts = await Promise.all([polling.pollAll({ all: false }), legacy.pollAll()]);
    return counts[0] + counts[1];
  } catch (error) {
    if (!lifetime.aborted && !isSessionError(error, "CLOSED"))
      events.emit("error", asSessionError(error, "POLL_FAILED", "polling groups failed"));
    return 0;
  }
}

/** Opens and forgets groups as other devices of the account do. */
function followConfig(world: GroupWorld): void {
  const { configs, directory, events } = world;
  configs.listeners.add(async ({ groups: { groups } }) => {
    const { added, updated, removed } = groups;
    if ([...added, ...updated, ...removed].some(isGroupId)) await directory.follow();
  });
  directory.onMoved = ({ id, standing, wasOpen }) => {
    const group = directory.get(id);
    if (group !== undefined) {
      if (wasOpen) events.emit("group", { id, change: "promoted" });
      else events.emit("group", { id, change: "joined", by: "other-device" });
      wake(world, group);
    } else {
      const change = standing === "kicked" || standing === "destroyed" ? standing : "left";
      events.emit("group", { id, change });
    }
  };
}

function wake({ wake: push, work }: GroupWorld, group: LiveGroup): void {
  push(group);
  work(group);
}
