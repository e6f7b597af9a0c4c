/**
 * Deleting messages of a group for everybody (docs/protocol/groups.md §13).
 *
 * @module
 */
import { type AbortOptions, SessionError } from "../../errors/index.js";
import { deleteContentMessage, type GroupErrorCode } from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import { isMessageHash } from "../../swarm/index.js";
import { invalidArgument } from "../targets.js";
import type { LiveGroup } from "./live-group.js";
import { deleteLocal, type LocalMessage, localMessages } from "./local-messages.js";
import { adminContext, checkIds, networkTime } from "./roles.js";
import type { GroupWorld } from "./world.js";

/** Messages to delete; at least one. */
export interface GroupMessagesToDelete {
  /** Messages that were received or sent. */
  readonly messages?: ReadonlyArray<{ readonly hash?: string | undefined }> | undefined;
  /** Their hashes in the group's swarm. */
  readonly hashes?: readonly string[] | undefined;
  /** Everything that these have written until now; for admins. */
  readonly from?: readonly string[] | undefined;
}

/** Hashes, and authors, in one control message: the schema has no limit, but servers take no larger messages. */
const MAX_NAMED = 500;

/**
 * Deletes messages for everybody. Members delete their own ones: other devices are asked to, the swarm keeps its copies until
 * they expire. Admins delete any, in the swarm too.
 *
 * @throws `GROUP_NOT_ADMIN` for a member that names messages of others, `INVALID_ARGUMENT`, `ID_INVALID` (nothing changed);
 *   `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the background)
 */
export async function deleteGroupMessages(
  world: GroupWorld,
  group: LiveGroup,
  wanted: GroupMessagesToDelete,
  { signal }: AbortOptions = {},
): Promise<void> {
  const hashes = checkHashes(wanted);
  const members = checkIds(wanted.from ?? []);
  if (hashes.length + members.length === 0) throw invalidArgument("there is nothing to delete");
  if (members.length > MAX_NAMED) throw invalidArgument("too many authors at once", { max: MAX_NAMED });
  await networkTime(world, signal);
  const known = await localMessages(world.store, group.id);
  const named = new Set(hashes);
  const isNamed = ({ author, record: { hash } }: LocalMessage): boolean =>
    members.includes(author as SessionId) || (hash !== undefined && named.has(hash));
  const deleted = known.filter(isNamed);
  if (!group.isAdmin) checkOwn(world, group, members, hashes, deleted);
  await group.change((batch, pending) => {
    pending.notice((timestamp) =>
      deleteContentMessage(
        { members, hashes },
        group.isAdmin ? adminContext(world, group, timestamp) : undefined,
      ),
    );
    if (group.isAdmin) pending.deleteHashes([...new Set([...hashes, ...hashesOf(deleted)])]);
    deleteLocal(world, batch, deleted, world.self);
  });
  await group.push({ signal });
}

/** Members name only what they have written. @throws `GROUP_NOT_ADMIN` */
function checkOwn(
  { self }: GroupWorld,
  { id }: LiveGroup,
  members: readonly SessionId[],
  hashes: readonly string[],
  known: readonly LocalMessage[],
): void {
  const own = new Set(hashesOf(known.filter(({ author }) => author === self)));
  if (members.length === 0 && hashes.every((hash) => own.has(hash))) return;
  throw new SessionError<GroupErrorCode>("GROUP_NOT_ADMIN", "only admins delete messages of others", {
    details: { group: id },
  });
}

/** @throws `INVALID_ARGUMENT` */
function checkHashes({ hashes = [], messages = [] }: GroupMessagesToDelete): string[] {
  if (!Array.isArray(hashes) || !Array.isArray(messages))
    throw invalidArgument("the messages to delete are not an array");
  const all = [...hashes, ...messages.map(({ hash }: { readonly hash?: string | undefined }) => hash)];
  // A server refuses a request with anything else in it, and everything that goes along.
  if (!all.every(isMessageHash)) throw invalidArgument("a message to delete has no hash of a swarm");
  if (all.length > MAX_NAMED)
    throw invalidArgument("too many messages to delete at once", { max: MAX_NAMED });
  return [...new Set(all)];
}

const hashesOf = (messages: readonly LocalMessage[]): string[] =>
  messages.flatMap(({ record: { hash } }) => (hash === undefined ? [] : [hash]));
