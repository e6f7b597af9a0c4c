/**
 * What groups tell besides messages. None of it is waited for: the state itself is in the store, and in the group's
 * handle.
 *
 * @module
 */
import type { SessionError } from "../../errors/index.js";
import type { GroupDetails } from "../../groups/index.js";
import type { GroupId, SessionId } from "../../identity/index.js";
import type { Emitter } from "../events.js";

/** Something about a group is different now, whoever changed it: others, another device, or this one. */
export type GroupEvent = { readonly id: GroupId } & (
  | {
      /** The account is in the group from now on; `other-device` if another device of it has answered or created. */
      readonly change: "joined";
      readonly by: "invitation" | "promotion" | "creation" | "other-device";
    }
  /** Name, picture and so on; `fields` tells which. */
  | { readonly change: "info"; readonly fields: ReadonlyArray<keyof GroupDetails> }
  /** Who is in the group, and what each is there. */
  | {
      readonly change: "members";
      readonly added: readonly SessionId[];
      readonly updated: readonly SessionId[];
      readonly removed: readonly SessionId[];
    }
  /** This account has the group's secret key from now on. */
  | { readonly change: "promoted" }
  /** Invitations or promotions did not reach these members: `Group.resendInvitation` tries again. */
  | { readonly change: "unreached"; readonly members: readonly SessionId[]; readonly error: SessionError }
  /**
   * The account is not in the group any more: it left, an admin removed it, or an admin ended the group. Keys and state
   * are gone; what the app keeps is the app's.
   */
  | { readonly change: "left" | "kicked" | "destroyed" }
);

/** An invitation that waits for an answer: `groups.accept` or `groups.decline`. */
export interface GroupInvite {
  readonly id: GroupId;
  readonly name: string;
  readonly from: SessionId;
  /** The invitation makes the account an admin. */
  readonly asAdmin: boolean;
  /** Sent time, ms. */
  readonly timestamp: number;
}

/** A message that its author or an admin has deleted: delete it wherever the app keeps it. */
export interface DeletedMessage {
  readonly conversation: string;
  readonly author: string;
  /** Sent time, ms. */
  readonly timestamp: number;
  /** Of the one in the swarm. */
  readonly hash?: string | undefined;
  /** Who deleted it; absent for what an admin deletes by time. */
  readonly by?: string | undefined;
}

/** What of a group's state is different. */
export interface GroupNews {
  readonly fields: ReadonlyArray<keyof GroupDetails>;
  readonly added: readonly SessionId[];
  readonly updated: readonly SessionId[];
  readonly removed: readonly SessionId[];
}

/** True if nothing is different. */
export const isNoNews = ({ fields, added, updated, removed }: GroupNews): boolean =>
  fields.length + added.length + updated.length + removed.length === 0;

/** Tells what is different. */
export function tellNews(events: Emitter, id: GroupId, { fields, added, updated, removed }: GroupNews): void {
  if (fields.length > 0) events.emit("group", { id, change: "info", fields });
  if (added.length + updated.length + removed.length > 0)
    events.emit("group", { id, change: "members", added, updated, removed });
}
