/**
 * One push (docs/protocol/groups.md §9): everything that is to be brought to a group's swarm, in one sequence and in the
 * order that readers need. What was stored is confirmed, whatever became of the rest.
 *
 * ```
 * supplement  keys  info  members  messages  delete obsolete  unrevoke  delete all
 * ```
 *
 * @module
 */
import type { Compress } from "../../config/index.js";
import type { Crypto } from "../../crypto/index.js";
import { type AbortOptions, isSessionError, type SessionError } from "../../errors/index.js";
import { encodeGroupMessage, GROUP_TTL_MS, type GroupKeys, type GroupState } from "../../groups/index.js";
import type { Account, SessionId } from "../../identity/index.js";
import type { Expiration, Profile } from "../../messages/index.js";
import type { GroupUpdateMessage } from "../../proto/index.js";
import type { GroupNotice, PendingGroupWork, StoreBatch } from "../../store/index.js";
import { MAX_REVOKED_SUBACCOUNTS, messageHash } from "../../swarm/index.js";
import { REMEMBER_MS } from "../intake.js";
import type { ClockPort } from "../ports.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupPort, GroupSequence, GroupStep, GroupStepResult } from "./port.js";
import { memberToken } from "./roles.js";

/** What a push works with. */
export interface PushWorld {
  readonly account: Account;
  readonly port: GroupPort;
  readonly clock: ClockPort;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
  /** The own profile, as messages carry it. */
  readonly profile: () => Profile | undefined;
}

const MESSAGES = 11;
const KEYS = 12;
/** Hashes in one request. */
const MAX_HASHES = 200;

/** The steps of a push, and what follows from their results. */
class Plan {
  readonly steps: GroupStep[] = [];
  /** What is to be changed once the results are there. */
  readonly effects: Array<(outcome: Outcome) => void> = [];
  /** Configs that are too large to be stored. */
  tooLarge: SessionError | undefined;

  /** Adds a step; its result can be asked for later. */
  add(step: GroupStep): (sequence: GroupSequence) => GroupStepResult {
    const place = this.steps.push(step) - 1;
    return ({ results }) => results[place] ?? { ok: false };
  }

  /** Adds a step that, when it is done, takes `work` off the list. */
  finish(step: GroupStep, work: Partial<PendingGroupWork>): void {
    const result = this.add(step);
    this.effects.push(({ sequence, done }) => {
      if (result(sequence).ok) done(work);
    });
  }
}

/** The results, within the state change that they make. */
interface Outcome {
  readonly sequence: GroupSequence;
  readonly state: GroupState;
  readonly batch: StoreBatch;
  readonly done: (work: Partial<PendingGroupWork>) => void;
  /** Stored versions that the next push replaces. */
  readonly obsolete: Set<string>;
}

/**
 * Pushes a group as it is now.
 *
 * @throws the error of the first step that failed, `CONFIG_TOO_LARGE`, `GROUP_NO_KEYS`, the codes of the store
 */
export async function pushGroup(world: PushWorld, group: LiveGroup, options: AbortOptions): Promise<void> {
  const plan = planFor(world, group);
  const sequence =
    plan.steps.length === 0 ? { results: [] } : await world.port.sequence(group.auth, plan.steps, options);
  if (!group.isOpen) return;
  await group.change((batch, pending) => {
    const obsolete = new Set(group.record.obsolete);
    const { state } = group;
    const outcome = { sequence, state, batch, obsolete, done: pending.done.bind(pending) };
    for (const effect of plan.effects) effect(outcome);
    group.note(batch, { obsolete: [...obsolete] });
  });
  if (sequence.error !== undefined) throw sequence.error;
  if (plan.tooLarge !== undefined) throw plan.tooLarge;
}

function planFor(world: PushWorld, group: LiveGroup): Plan {
  const plan = new Plan();
  const obsolete = new Set(group.record.obsolete);
  if (group.isAdmin) {
    planKeys(world, group, plan);
    for (const name of ["info", "members"] as const) planConfig(world, group, plan, name, obsolete);
  }
  planMessages(world, group, plan);
  if (group.isAdmin) {
    planDeletion(world, group, plan, obsolete);
    planAccess(world, group, plan);
  }
  return plan;
}

/** Keys come before what is encrypted with them. */
function planKeys({ clock }: PushWorld, { id, state, record }: LiveGroup, plan: Plan): void {
  const store = (data: Uint8Array): GroupStep => ({
    kind: "store",
    namespace: KEYS,
    data,
    ttl: GROUP_TTL_MS.keys,
  });
  const { supplement } = record.pending;
  if (supplement.length > 0 && state.keys.generation !== undefined) {
    const parts = supplements(state.keys, supplement.filter(isListed(state)) as SessionId[]);
    const served = new Set<string>(parts.flatMap(({ ids }) => ids));
    plan.effects.push(({ done }) => done({ supplement: supplement.filter((id) => !served.has(id)) }));
    for (const { ids, data } of parts) plan.finish(store(data), { supplement: ids });
  }
  const { pending: rekey } = state.keys;
  if (rekey === undefined) return;
  const result = plan.add(store(rekey.message));
  plan.effects.push(({ sequence, state: now, batch }) => {
    const { ok, hash, timestamp = clock.now() } = result(sequence);
    if (!ok || hash === undefined) return;
    // As if it had come back already (§6.4): until then another rekey would be of the same generation.
    now.loadKeys({ data: rekey.message, hash, timestamp });
    batch.markSeen(id, hash, clock.now() + REMEMBER_MS);
  });
}

/**
 * The messages that hand the keys to members, as few as servers take. Who could not be given all keys in one message of
 * their own, or whose id nobody can have, gets none.
 */
function supplements(
  keys: GroupKeys,
  ids: readonly SessionId[],
): Array<{ readonly ids: readonly SessionId[]; readonly data: Uint8Array }> {
  if (ids.length === 0) return [];
  try {
    return [{ ids, data: keys.supplement(ids) }];
  } catch (error) {
    if (!isSessionError(error, "GROUP_TOO_MANY_MEMBERS", "GROUP_INVALID_MEMBER")) throw error;
    if (ids.length === 1) return [];
    const half = Math.ceil(ids.length / 2);
    return [...supplements(keys, ids.slice(0, half)), ...supplements(keys, ids.slice(half))];
  }
}

/** Whether an account is on the list to stay: who was removed meanwhile is given nothing. */
const isListed =
  ({ members }: GroupState) =>
  (id: string): boolean =>
    members.get(id as SessionId)?.removal === 0;

function planConfig(
  { crypto }: PushWorld,
  { id, state, lost }: LiveGroup,
  plan: Plan,
  name: "info" | "members",
  obsolete: Set<string>,
): void {
  const config = state[name];
  if (!config.needsPush && !lost.has(name)) return;
  let push: ReturnType<typeof config.push>;
  try {
    push = config.push();
  } catch (error) {
    if (!isSessionError(error, "CONFIG_TOO_LARGE")) throw error;
    plan.tooLarge ??= error;
    return;
  }
  const { seqno, messages } = push;
  const { namespace } = config;
  const replaced = push.obsolete;
  for (const hash of replaced) obsolete.add(hash);
  const ttl = GROUP_TTL_MS[name];
  const results = messages.map((data) => plan.add({ kind: "store", namespace, data, ttl }));
  const hashes = messages.map((data) => messageHash(id, namespace, data, crypto));
  plan.effects.push((outcome) => {
    // What push() has taken out of the config is remembered here.
    for (const hash of replaced) outcome.obsolete.add(hash);
    if (!results.every((result) => result(outcome.sequence).ok)) return;
    lost.delete(name);
    const current = outcome.state[name];
    current.confirm(seqno, hashes);
    // It has changed meanwhile: what was stored is what the next push replaces.
    if (current.needsPush) for (const hash of hashes) outcome.obsolete.add(hash);
  });
}

function planMessages({ clock, ...world }: PushWorld, { id, state, record }: LiveGroup, plan: Plan): void {
  for (const notice of record.pending.notices) {
    const { data, ttl } = encodeNotice(world, state, notice);
    const result = plan.add({ kind: "store", namespace: MESSAGES, data, ttl });
    plan.effects.push(({ sequence, batch, done }) => {
      const { ok, hash } = result(sequence);
      if (!ok || hash === undefined) return;
      done({ notices: [notice] });
      batch.markSeen(id, hash, clock.now() + REMEMBER_MS);
    });
  }
}

/** A control message, encrypted for the group. @throws `GROUP_NO_KEYS` */
export function encodeNotice(
  { account, crypto, compress, profile }: Pick<PushWorld, "account" | "crypto" | "compress" | "profile">,
  { keys }: GroupState,
  { update, timestamp, timer }: GroupNotice,
): { readonly data: Uint8Array; readonly ttl: number } {
  const own = profile();
  const expiration: Expiration =
    timer === 0 ? { mode: "off", seconds: 0 } : { mode: "after-send", seconds: timer };
  return encodeGroupMessage(
    {
      kind: "group-update",
      update: update as unknown as GroupUpdateMessage,
      expiration,
      ...(own === undefined ? {} : { profile: own }),
    },
    { sender: account, keys, timestamp, crypto, compress },
  );
}

function planDeletion(
  { crypto }: PushWorld,
  { id, state, record }: LiveGroup,
  plan: Plan,
  obsolete: ReadonlySet<string>,
): void {
  const stored = plan.steps.flatMap((step) =>
    step.kind === "store" ? [messageHash(id, step.namespace, step.data, crypto)] : [],
  );
  // A config that went back to what it was has the hash that it had.
  const live = new Set([...stored, ...state.info.currentHashes, ...state.members.currentHashes]);
  const replaced = [...obsolete].filter((hash) => !live.has(hash));
  const { deleteHashes } = record.pending;
  for (const hashes of inChunks([...new Set([...replaced, ...deleteHashes])], MAX_HASHES)) {
    const result = plan.add({ kind: "delete", hashes });
    plan.effects.push((outcome) => {
      if (!result(outcome.sequence).ok) return;
      for (const hash of hashes) outcome.obsolete.delete(hash);
      outcome.done({ deleteHashes: hashes });
    });
  }
  // First of all, because the others may find out that something is obsolete after all.
  const revived = [...obsolete].filter((hash) => live.has(hash));
  plan.effects.unshift((outcome) => {
    for (const hash of revived) outcome.obsolete.delete(hash);
  });
}

/** Tokens are taken again of those who are on the list: who was removed meanwhile stays out. */
function planAccess({ crypto }: PushWorld, { state, record }: LiveGroup, plan: Plan): void {
  const { groupKey } = state.keys;
  if (groupKey === undefined) return;
  const { unrevoke, deleteAll } = record.pending;
  const tokens = new Map<string, Uint8Array>();
  for (const id of unrevoke.filter(isListed(state))) {
    const token = memberToken(groupKey, id as SessionId, crypto);
    if (token !== undefined) tokens.set(id, token);
  }
  plan.effects.push(({ done }) => done({ unrevoke: unrevoke.filter((id) => !tokens.has(id)) }));
  for (const chunk of inChunks([...tokens], MAX_REVOKED_SUBACCOUNTS)) {
    const step = { kind: "unrevoke", tokens: chunk.map(([, token]) => token) } as const;
    plan.finish(step, { unrevoke: chunk.map(([id]) => id) });
  }
  if (deleteAll) plan.finish({ kind: "delete-all", namespace: MESSAGES }, { deleteAll: true });
}

/** Cuts a list into pieces of `size`. */
export function inChunks<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
