/**
 * What the flags of a member mean together, and how they change (docs/protocol/groups.md §5).
 *
 * @module
 */

/** The flags of a member's entry. */
export interface MemberFlags {
  /** 0 accepted, 1 sent, 2 failed, 3 not sent; always 0 for admins. */
  readonly invite: number;
  /** Promoted: whether the promotion was sent and accepted, `promotion` says. */
  readonly isAdmin: boolean;
  /** 0 accepted, 1 sent, 2 failed, 3 not sent. */
  readonly promotion: number;
  /** 0 none, 1 the member, 2 the member and its messages. */
  readonly removal: number;
  /** Invited together with the history, which has to be sent with the invitation. */
  readonly needsHistory: boolean;
}

/** What an admin does with a member. */
export interface MemberFlagChange {
  readonly isAdmin?: boolean | undefined;
  readonly needsHistory?: boolean | undefined;
  readonly invite?: "not-sent" | "sent" | "failed" | "accepted" | undefined;
  /** Each makes the member an admin. */
  readonly promotion?: "not-sent" | "sent" | "failed" | "accepted" | undefined;
  /** Marks for removal; the entry goes once that is done. */
  readonly removal?: "member" | "member-and-messages" | undefined;
}

/** One word for all flags. `-sending` is what this device is doing, other devices see `-not-sent`. */
export type MemberStatus =
  | "invite-unknown"
  | "invite-not-sent"
  | "invite-sending"
  | "invite-failed"
  | "invite-sent"
  | "invite-accepted"
  | "promotion-unknown"
  | "promotion-not-sent"
  | "promotion-sending"
  | "promotion-failed"
  | "promotion-sent"
  | "promotion-accepted"
  | "removed-unknown"
  | "removed"
  | "removed-with-messages";

const STEPS = { accepted: 0, sent: 1, failed: 2, "not-sent": 3 } as const;
const STEP_NAMES: readonly ["accepted", "sent", "failed", "not-sent"] = [
  "accepted",
  "sent",
  "failed",
  "not-sent",
];

/** The status: a removal counts more than a promotion, and that more than an invitation. */
export function memberStatus(
  { removal, isAdmin, promotion, invite }: MemberFlags,
  isSending: boolean,
): MemberStatus {
  if (removal > 0)
    return removal === 1 ? "removed" : removal === 2 ? "removed-with-messages" : "removed-unknown";
  const [kind, step] = isAdmin ? (["promotion", promotion] as const) : (["invite", invite] as const);
  if (step === STEPS["not-sent"] && isSending) return `${kind}-sending`;
  return `${kind}-${STEP_NAMES[step] ?? "unknown"}`;
}

/** The flags after a change. */
export function changeFlags(flags: MemberFlags, change: MemberFlagChange): MemberFlags {
  let { isAdmin, needsHistory, invite, promotion, removal } = flags;
  isAdmin = change.isAdmin ?? isAdmin;
  needsHistory = change.needsHistory ?? needsHistory;
  if (change.invite !== undefined) {
    invite = STEPS[change.invite];
    if (change.invite === "accepted") needsHistory = false;
  }
  if (change.promotion !== undefined) {
    isAdmin = true;
    invite = 0;
    promotion = STEPS[change.promotion];
  }
  if (change.removal !== undefined) {
    invite = 0;
    promotion = 0;
    removal = change.removal === "member" ? 1 : 2;
  }
  return { isAdmin, needsHistory, invite, promotion, removal };
}
