/**
 * What admins set of a group (docs/protocol/groups.md §13): name, description, picture, timer, and from when on messages
 * are kept.
 *
 * @module
 */
import { utf8ToBytes } from "../../bytes/index.js";
import { type AbortOptions, SessionError } from "../../errors/index.js";
import {
  type GroupDetailsChange,
  type GroupErrorCode,
  type InfoChange,
  infoChangeMessage,
  MAX_GROUP_DESCRIPTION_BYTES,
} from "../../groups/index.js";
import { checkName, type ProfilePicture } from "../../messages/index.js";
import { invalidArgument } from "../targets.js";
import type { LiveGroup } from "./live-group.js";
import { adminContext, networkTime, requireAdmin } from "./roles.js";
import { deleteOld } from "./upkeep.js";
import type { GroupWorld } from "./world.js";

/** Swarms keep no message for longer, so that no timer of the apps is, seconds. */
const MAX_TIMER = 1_209_600;

/**
 * Renames a group.
 *
 * @param name - 1 to 100 bytes of UTF-8; trimmed
 * @throws `NAME_EMPTY`, `NAME_TOO_LONG`, and as {@link changeInfo}
 */
export async function renameGroup(
  world: GroupWorld,
  group: LiveGroup,
  name: string,
  options: AbortOptions = {},
): Promise<void> {
  const checked = checkName(name);
  await changeInfo(world, group, { name: checked }, { change: "name", name: checked }, options);
}

/**
 * Changes the description; nobody is told apart from the info itself.
 *
 * @param description - at most 600 bytes of UTF-8; empty: none
 * @throws `GROUP_INVALID_VALUE`, and as {@link changeInfo}
 */
export async function setDescription(
  world: GroupWorld,
  group: LiveGroup,
  description: string,
  options: AbortOptions = {},
): Promise<void> {
  checkDescription(description);
  await changeInfo(world, group, { description }, undefined, options);
}

/** @throws `GROUP_INVALID_VALUE` */
export function checkDescription(description: unknown): asserts description is string {
  const bytes = typeof description === "string" ? utf8ToBytes(description).length : undefined;
  if (bytes !== undefined && bytes <= MAX_GROUP_DESCRIPTION_BYTES) return;
  throw new SessionError<GroupErrorCode>("GROUP_INVALID_VALUE", "a description has at most 600 bytes", {
    details: { bytes, limit: MAX_GROUP_DESCRIPTION_BYTES },
  });
}

/** Sets a picture that is uploaded; `undefined` removes it. @throws as {@link changeInfo} */
export async function setGroupPicture(
  world: GroupWorld,
  group: LiveGroup,
  picture: ProfilePicture | undefined,
  options: AbortOptions = {},
): Promise<void> {
  await changeInfo(world, group, { picture }, { change: "picture" }, options);
}

/**
 * Changes when messages disappear after they were sent.
 *
 * @param seconds - up to two weeks; 0: they stay
 * @throws `INVALID_ARGUMENT`, and as {@link changeInfo}
 */
export async function setGroupTimer(
  world: GroupWorld,
  group: LiveGroup,
  seconds: number,
  options: AbortOptions = {},
): Promise<void> {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > MAX_TIMER)
    throw invalidArgument("the timer is not a number of seconds up to two weeks", { max: MAX_TIMER });
  await changeInfo(world, group, { timerSeconds: seconds }, { change: "timer", seconds }, options);
}

/**
 * Deletes for everybody what was sent before a time, or what of it has attachments.
 *
 * @param seconds - unix seconds
 * @throws as {@link changeInfo}
 */
export async function deleteBefore(
  world: GroupWorld,
  group: LiveGroup,
  seconds: number,
  { attachmentsOnly = false, signal }: AbortOptions & { readonly attachmentsOnly?: boolean | undefined } = {},
): Promise<void> {
  const { details } = group.state.info;
  // Only later times have an effect.
  const change = attachmentsOnly
    ? { deleteAttachmentsBefore: Math.max(seconds, details.deleteAttachmentsBefore) }
    : { deleteBefore: Math.max(seconds, details.deleteBefore) };
  await changeInfo(world, group, change, undefined, { signal });
  await deleteOld(world, group);
}

/**
 * Changes a group's info.
 *
 * @throws `GROUP_NOT_ADMIN`, `CONFIG_VALUE_INVALID` (nothing changed); `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the
 *   background)
 */
async function changeInfo(
  world: GroupWorld,
  group: LiveGroup,
  change: GroupDetailsChange,
  notice: InfoChange | undefined,
  { signal }: AbortOptions,
): Promise<void> {
  requireAdmin(group);
  await networkTime(world, signal);
  await group.change((batch, pending) => {
    group.state.info.update(change);
    if (notice !== undefined && group.state.info.needsPush) {
      pending.notice((timestamp) => infoChangeMessage(notice, adminContext(world, group, timestamp)));
    }
    if (change.name === undefined) return;
    // A copy for the list of conversations, before the group was read.
    world.configs.groups.setGroup(group.id, { name: change.name });
    world.configs.save(batch);
  });
  await group.push({ signal });
}
