/**
 * Taking in what a node has of a group (docs/protocol/groups.md §14): keys, then info and members, then the messages, which
 * go into the inbox. All of it, with the cursors, is one state change.
 *
 * Keys come first of all, before removal notices too: a notice is stale if a key of a later generation is ours, and after
 * a return to the group old notices still lie in the swarm.
 *
 * @module
 */
import { isSessionError } from "../../errors/index.js";
import { type GroupMember, readRemovalNotice } from "../../groups/index.js";
import type { GroupId } from "../../identity/index.js";
import type { GroupCursorsRecord, StoreBatch } from "../../store/index.js";
import { NAMESPACES } from "../../swarm/index.js";
import { closeMerge } from "../close-merge.js";
import { lifeOf, putInbox } from "../intake.js";
import type { Retrieved, RetrievedItem } from "../ports.js";
import { type GroupNews, isNoNews, tellNews } from "./events.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupWorld } from "./world.js";

/** What a node has in one namespace of a group. */
export interface FoundInGroup {
  readonly namespace: number;
  readonly retrieved: Retrieved;
}

/** What was found. */
export interface GroupTaking {
  readonly node: string;
  readonly found: readonly FoundInGroup[];
  /** The node refused the other namespaces: the account's token is revoked. */
  readonly isRefused: boolean;
  /** The node has more keys than it gave. */
  readonly lacksKeys: boolean;
}

/** What taking works with. */
export type TakeWorld = Pick<
  GroupWorld,
  "account" | "store" | "configs" | "directory" | "clock" | "crypto" | "events" | "log"
>;

/** What came of it. */
export interface Taken {
  /** New messages in the inbox. */
  readonly received: number;
  /** The account is not in the group any more. */
  readonly removal?: "kicked" | "destroyed" | undefined;
}

const { groupMessages, groupKeys, groupInfo, groupMembers, revokedRetrievable } = NAMESPACES;

const DAY_MS = 86_400_000;
/** Who left is remembered for so long: messages live for 14 days. */
const FORMER_MS = 15 * DAY_MS;

/** What came of it, and what is to be told. */
interface Intake {
  readonly taken: Taken;
  readonly news?: GroupNews | undefined;
}

/** Takes in what a node has. @throws the codes of the store */
export async function takeIn(world: TakeWorld, group: LiveGroup, taking: GroupTaking): Promise<Taken> {
  const { store, events } = world;
  const contents = itemsOf(taking, groupMessages);
  const hashes = contents.map(({ hash }) => hash);
  const seen = await store.seen(group.id, hashes);
  const { taken, news } = await store.write((batch): Intake => {
    if (!group.isOpen) return { taken: { received: 0 } };
    return group.edit(batch, (): Intake => {
      const { obsolete, ...changes } = takeState(world, group, taking);
      if (obsolete.length > 0) group.note(batch, { obsolete: [...group.record.obsolete, ...obsolete] });
      const removal = removalOf(world, group, taking);
      if (removal !== undefined) {
        world.directory.markRemoved(batch, group.id, removal);
        return { taken: { received: 0, removal } };
      }
      const fresh = new Map(contents.filter(({ hash }) => !seen.has(hash)).map((item) => [item.hash, item]));
      keepMessages(world, group.id, batch, [...fresh.values()]);
      noteChanges(world, group, batch, changes, fresh.size > 0);
      keepCursors(world, group, batch, taking);
      return { taken: { received: fresh.size }, news: changes };
    });
  });
  if (taken.removal !== undefined) events.emit("group", { id: group.id, change: taken.removal });
  if (news !== undefined) tellNews(events, group.id, news);
  return taken;
}

/** Keys, then what they open. */
function takeState(
  { clock, log }: TakeWorld,
  { state, id: group }: LiveGroup,
  taking: GroupTaking,
): GroupNews & { readonly obsolete: readonly string[] } {
  const [info, members] = [state.info.snapshot(), state.members.snapshot()];
  for (const { data, hash, timestamp } of itemsOf(taking, groupKeys)) {
    try {
      // Keys sort and expire by this time: one from the future would make all others old.
      state.loadKeys({ data, hash, timestamp: Math.min(timestamp, clock.now()) });
    } catch (error) {
      if (!isSessionError(error)) throw error;
      log.warn("a keys message was ignored", { group, hash, error });
    }
  }
  if (state.keys.encryptionKey !== undefined) {
    for (const config of [state.info, state.members]) {
      const { ignored } = config.merge(itemsOf(taking, config.namespace));
      for (const { hash, error } of ignored)
        log.warn("a config message of a group was ignored", { group, hash, error });
    }
  }
  const obsolete = [state.info, state.members].flatMap(closeMerge);
  return { obsolete, fields: state.info.changesSince(info), ...state.members.changesSince(members) };
}

function removalOf(
  { account, crypto }: TakeWorld,
  { id, state, record }: LiveGroup,
  taking: GroupTaking,
): Taken["removal"] {
  // Only the newest key tells an old notice from one that counts: what comes next decides.
  if (taking.lacksKeys) return undefined;
  const { generation } = state.keys;
  for (const { data } of itemsOf(taking, revokedRetrievable)) {
    const last = readRemovalNotice(data, id, account.x25519, crypto);
    if (last === undefined) continue;
    // Without a key of ours only the swarm can tell whether the notice is from before we came back.
    if (generation === undefined ? taking.isRefused : last >= generation) return "kicked";
  }
  // The end that this device wants must get to the swarm first, and all messages be deleted there.
  const isEnding = state.info.needsPush || record.pending.deleteAll;
  return state.info.details.isDestroyed && !isEnding ? "destroyed" : undefined;
}

function keepMessages(
  { clock }: TakeWorld,
  pubkey: GroupId,
  batch: StoreBatch,
  items: readonly RetrievedItem[],
): void {
  const now = clock.now();
  for (const item of items) putInbox(batch, { pubkey, namespace: groupMessages }, item, now);
}

function noteChanges(
  { clock, configs }: TakeWorld,
  group: LiveGroup,
  batch: StoreBatch,
  news: GroupNews,
  hasMessages: boolean,
): void {
  const now = clock.now();
  const { fields, added, removed } = news;
  if (!hasMessages && isNoNews(news)) return;
  const former = Object.entries(group.record.former).filter(([, until]) => until > now - FORMER_MS);
  for (const id of removed) former.push([id, now]);
  const back = new Set<string>(added);
  group.note(batch, { activeAt: now, former: Object.fromEntries(former.filter(([id]) => !back.has(id))) });
  const { name } = group.state.info.details;
  const entry = configs.groups.getGroup(group.id);
  if (!fields.includes("name") || name === "" || entry === undefined || entry.name === name) return;
  configs.groups.setGroup(group.id, { name });
  configs.save(batch);
}

/** Without a key, the configs must come again; with some keys only, the removal notices. */
function keepCursors(
  { clock }: TakeWorld,
  group: LiveGroup,
  batch: StoreBatch,
  { node, found, lacksKeys }: GroupTaking,
): void {
  const isUseless = (namespace: number): boolean =>
    namespace === revokedRetrievable
      ? lacksKeys
      : group.state.keys.encryptionKey === undefined &&
        (namespace === groupInfo || namespace === groupMembers);
  const cursors: Record<string, GroupCursorsRecord[string]> = {};
  for (const { namespace, retrieved } of found) {
    const { last } = retrieved;
    if (last === undefined || isUseless(namespace)) continue;
    cursors[`${namespace}/${node}`] = {
      hash: last.hash,
      expiration: lifeOf(last.expiration, clock.now()),
    };
  }
  if (Object.keys(cursors).length > 0) group.putCursors(batch, cursors);
}

function itemsOf({ found }: GroupTaking, namespace: number): readonly RetrievedItem[] {
  return found.find((each) => each.namespace === namespace)?.retrieved.items ?? [];
}

/** What an admin owes the group after a poll (§§6.5 and 11): its own acceptance, and a key that fits the list. */
export async function settle({ account }: Pick<TakeWorld, "account">, group: LiveGroup): Promise<void> {
  if (!group.isAdmin || !group.isOpen || group.state.keys.encryptionKey === undefined) return;
  await group.change(() => {
    const { state } = group;
    const self = state.members.get(account.sessionId);
    if (self !== undefined && self.removal === 0 && !isAccepted(self))
      state.members.update(self.sessionId, { promotion: "accepted" });
    if (state.settle()) state.rekey();
  });
}

const isAccepted = ({ isAdmin, promotion }: GroupMember): boolean => isAdmin && promotion === 0;
