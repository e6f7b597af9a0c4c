/**
 * Making members admins (docs/protocol/groups.md §11). A promotion hands over the group's seed, so it cannot be taken back.
 *
 * @module
 */
import type { AbortOptions } from "../../errors/index.js";
import { memberChangeMessage } from "../../groups/index.js";
import type { SessionId } from "../../identity/index.js";
import { invalidArgument } from "../targets.js";
import { type InviteResult, tellMembers } from "./invite.js";
import type { LiveGroup } from "./live-group.js";
import { adminContext, checkIds, networkTime, requireAdmin, requireMember } from "./roles.js";
import type { GroupWorld } from "./world.js";

/**
 * Makes a member an admin.
 *
 * @returns once the list is in the swarm and the promotion was tried; of an admin: nothing is done, nobody told
 * @throws `GROUP_NOT_ADMIN`, `GROUP_NOT_MEMBER`, `ID_INVALID`, `INVALID_ARGUMENT` for one who is being removed (nothing
 *   changed); `GROUP_PUSH_FAILED`, `ABORTED` (it goes on in the background)
 */
export async function promoteMember(
  world: GroupWorld,
  group: LiveGroup,
  id: string,
  { signal }: AbortOptions = {},
): Promise<InviteResult> {
  requireAdmin(group);
  const [member] = checkIds([id]) as [SessionId];
  await networkTime(world, signal);
  const isNew = await group.change((_batch, pending) => {
    const { isAdmin, removal } = requireMember(group, member);
    if (removal > 0) throw invalidArgument("the member is being removed", { group: group.id, member });
    if (isAdmin) return false;
    group.state.members.update(member, { promotion: "not-sent" });
    pending.notice((timestamp) =>
      memberChangeMessage({ change: "promoted", members: [member] }, adminContext(world, group, timestamp)),
    );
    return true;
  });
  if (!isNew) return { sent: [], failed: [] };
  await group.push({ signal });
  return tellMembers(world, group, [member], signal);
}
