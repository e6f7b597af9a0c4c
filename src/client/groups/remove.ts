/**
 * Removing members (docs/protocol/groups.md §12): an admin marks them on the list, and then whichever admin sees the marks
 * does the rest.
 *
 * The rest has two steps, and the marks stay until the first one is in the swarm: a device that stops in between leaves
 * them to any admin, and what is done twice does no harm.
 *
 * @module
 */
import { type AbortOptions, isSessionError, SessionError } from "../../errors/index.js";
import {
  buildRemovalNotice,
  deleteContentMessage,
  GROUP_MESSAGES_NAMESPACE,
  GROUP_TTL_MS,
  memberChangeMessage,
} from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import type { Profile } from "../../messages/index.js";
import { MAX_REVOKED_SUBACCOUNTS, NAMESPACES } from "../../swarm/index.js";
import type { ClientErrorCode } from "../errors.js";
import { REMEMBER_MS } from "../intake.js";
import { ownProfile } from "../outbound.js";
import { invalidArgument } from "../targets.js";
import type { LiveGroup } from "./live-group.js";
import { deleteLocal, type LocalMessage, localMessages } from "./local-messages.js";
import type { GroupStep } from "./port.js";
import { encodeNotice, inChunks } from "./push.js";
import { adminContext, checkIds, memberToken, networkTime, requireAdmin, requireMember } from "./roles.js";
import type { GroupWorld } from "./world.js";

const REMOVALS = NAMESPACES.revokedRetrievable;

/** How to remove. */
export interface RemoveOptions extends AbortOptions {
  /** Their messages are deleted for everybody. Default: false. */
  readonly deleteMessages?: boolean | undefined;
}

/**
 * Removes members: they cannot read what is written from now on, and are told.
 *
 * @returns once all of it is done
 * @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER`, `ID_INVALID`, `INVALID_ARGUMENT` for admins and the own id (nothing changed);
 *   `GROUP_PUSH_FAILED`, `POLL_FAILED`, `ABORTED` (it goes on in the background)
 */
export async function removeMembers(
  world: GroupWorld,
  group: LiveGroup,
  ids: readonly string[],
  { deleteMessages = false, signal }: RemoveOptions = {},
): Promise<void> {
  requireAdmin(group);
  const members = checkIds(ids);
  if (members.length === 0) return;
  await networkTime(world, signal);
  await group.change((_batch, pending) => {
    for (const id of members) {
      const { isAdmin } = requireMember(group, id);
      if (id === world.self) throw invalidArgument("the own account leaves instead", { group: group.id });
      if (isAdmin) throw invalidArgument("admins cannot be removed", { group: group.id, member: id });
    }
    for (const id of members) {
      // Who asks a second time without messages does not take the first time back.
      if (deleteMessages) group.state.members.update(id, { removal: "member-and-messages" });
      else if (!isMarked(group, id)) group.state.members.update(id, { removal: "member" });
    }
    pending.notice((timestamp) =>
      memberChangeMessage({ change: "removed", members }, adminContext(world, group, timestamp)),
    );
  });
  await group.push({ signal });
  // What other admins did meanwhile decides what is to be done.
  await world.poll(group, { signal });
  await finishRemovals(world, group, { signal });
  // The background may have finished it before, and not have got its push through.
  await group.push({ signal });
}

/** Members whose removal this device is to finish. */
export function membersToRemove({ state, isAdmin }: LiveGroup, self: SessionId): SessionId[] {
  if (!isAdmin) return [];
  return state.members
    .list()
    .filter(({ sessionId, removal }) => removal > 0 && sessionId !== self)
    .map(({ sessionId }) => sessionId);
}

/** Groups of which removals are being finished: the next call waits for the one before. */
const running: WeakMap<LiveGroup, Promise<void>> = /* @__PURE__ */ new WeakMap();

/**
 * Finishes the removals that are marked on the list (§12.2).
 *
 * @throws `GROUP_PUSH_FAILED`, `ABORTED`, the codes of the store; it is done again later
 */
export function finishRemovals(
  world: GroupWorld,
  group: LiveGroup,
  options: AbortOptions = {},
): Promise<void> {
  const before = running.get(group) ?? Promise.resolve();
  const finished = before.catch(() => {}).then(() => finish(world, group, options));
  running.set(group, finished);
  return finished;
}

async function finish(world: GroupWorld, group: LiveGroup, options: AbortOptions): Promise<void> {
  const removed = membersToRemove(group, world.self);
  if (removed.length === 0) return;
  await networkTime(world, options.signal);
  await shutOut(world, group, removed, options);
  const messages = (await Promise.all(removed.map((id) => localMessages(world.store, group.id, id)))).flat();
  await group.change((batch, pending) => {
    if (!group.isAdmin) return;
    const { members } = group.state;
    const gone = removed.filter((id) => isMarked(group, id));
    if (gone.length === 0) return;
    const withMessages = gone.filter((id) => members.get(id)?.removal === 2);
    const theirs = messages.filter(({ author }) => (withMessages as string[]).includes(author));
    for (const id of gone) members.remove(id);
    group.state.rekey();
    pending.deleteHashes(hashesOf(theirs));
    deleteLocal(world, batch, theirs, world.self);
  });
  await group.push(options);
}

/**
 * The first step: the members are told, and the swarm refuses their tokens. It is not kept for later, unlike other work: a
 * token that is revoked later, when its owner has been invited again, would shut them out for good. The marks stay.
 *
 * @throws `GROUP_PUSH_FAILED`, `ABORTED`, the codes of the store
 */
async function shutOut(
  world: GroupWorld,
  group: LiveGroup,
  removed: readonly SessionId[],
  options: AbortOptions,
): Promise<void> {
  const { crypto, port, timestamps, store, self } = world;
  const { members, keys } = group.state;
  const groupKey = requireAdmin(group);
  const timestamp = timestamps.next();
  // Up to the generation that shuts them out: another admin may have made one of the same number that still serves them.
  const generation = (keys.generation ?? 0) + 1;
  await store.write((batch) => {
    batch.putLastTimestamp(timestamp);
    batch.markKnown(self, timestamp, timestamp + REMEMBER_MS);
    group.note(batch, { shutOut: generation });
  });
  const notice = buildRemovalNotice(groupKey, removed, generation, {}, crypto);
  const tokens = removed.flatMap((id) => memberToken(groupKey, id, crypto) ?? []);
  const steps: GroupStep[] = [
    { kind: "store", namespace: REMOVALS, data: notice, ttl: GROUP_TTL_MS.removals },
    ...inChunks(tokens, MAX_REVOKED_SUBACCOUNTS).map((chunk): GroupStep => {
      return { kind: "revoke", tokens: chunk };
    }),
  ];
  const withMessages = removed.filter((id) => members.get(id)?.removal === 2);
  if (withMessages.length > 0) {
    const update = deleteContentMessage({ members: withMessages }, adminContext(world, group, timestamp));
    const notice = { update: { ...update }, timestamp, timer: 0 };
    const profile = (): Profile | undefined => ownProfile(world);
    const { data, ttl } = encodeNotice({ ...world, profile }, group.state, notice);
    steps.push({ kind: "store", namespace: GROUP_MESSAGES_NAMESPACE, data, ttl });
  }
  const cause = await port
    .sequence(group.auth, steps, { signal: options.signal ?? world.lifetime })
    .then(({ error }) => error)
    .catch((error: unknown) => error);
  if (cause === undefined) return;
  if (!isSessionError(cause) || isSessionError(cause, "ABORTED", "CLOSED")) throw cause;
  throw new SessionError<ClientErrorCode>("GROUP_PUSH_FAILED", "the group's swarm did not take the removal", {
    cause,
    details: { group: group.id },
  });
}

const isMarked = ({ state }: LiveGroup, id: SessionId): boolean => (state.members.get(id)?.removal ?? 0) > 0;

const hashesOf = (messages: readonly LocalMessage[]): string[] =>
  messages.flatMap(({ record: { hash } }) => (hash === undefined ? [] : [hash]));
