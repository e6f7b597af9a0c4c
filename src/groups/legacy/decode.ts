/**
 * The receive path of legacy closed groups (docs/protocol/legacy-groups.md §2, §6), from a stored item to a message or a
 * control message. Deprecated.
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../../crypto/index.js";
import type { SessionId } from "../../identity/index.js";
import {
  type IncomingBase,
  type IncomingMessage,
  kindRules,
  onlyFirstPart,
  type RuleId,
  type RuleReason,
  readContent,
  readExpiration,
  type StoredItem,
  senderRules,
  type ValidationContext,
  validate,
} from "../../messages/index.js";
import { decodeLegacyControl, type LegacyControl } from "./control.js";
import { decodeLegacyGroupMessage } from "./message.js";
import type { LegacyGroupState } from "./state.js";

/** A message as an app gets it; its conversation is the group's id. */
export type IncomingLegacyGroupMessage = Extract<
  IncomingMessage,
  { readonly kind: "text" | "reaction" | "unsend" }
>;

/** What became of an item of namespace -10. */
export type LegacyDecodeResult =
  | { readonly kind: "message"; readonly message: IncomingLegacyGroupMessage }
  /** For `applyLegacyControl`, which checks it. */
  | {
      readonly kind: "control";
      readonly control: LegacyControl;
      readonly from: SessionId;
      readonly timestamp: number;
    }
  | LegacyDrop;

/** A message that a rule kept back. */
export interface LegacyDrop {
  readonly kind: "dropped";
  /** G1: the sender is no member; G2: a kind that groups do not know; G3: of the time before joining. */
  readonly rule: RuleId | "G1" | "G2" | "G3";
  readonly reason: RuleReason | "not-a-member" | "not-in-groups" | "before-joining";
  readonly from: SessionId;
  readonly timestamp: number;
}

/** Who receives, and the receiver's state. */
export interface LegacyDecodeContext extends ValidationContext {
  readonly account: { readonly sessionId: SessionId };
  readonly group: LegacyGroupState;
  readonly crypto?: Crypto | undefined;
}

/**
 * Reads an item of a legacy group's namespace -10.
 *
 * @throws as `decodeLegacyGroupMessage`
 */
export function decodeLegacyGroupItem(
  item: StoredItem & { readonly data: Uint8Array },
  context: LegacyDecodeContext,
): LegacyDecodeResult {
  const { account, group, crypto = defaultCrypto } = context;
  const { from, timestamp, content } = decodeLegacyGroupMessage(item.data, group.keyPairs, crypto);
  const dropped = (rule: LegacyDrop["rule"], reason: LegacyDrop["reason"]): LegacyDrop => ({
    kind: "dropped",
    rule,
    reason,
    from,
    timestamp,
  });

  const received = {
    source: "group",
    from,
    fromSelf: from === account.sessionId,
    conversation: group.groupId,
    timestamp,
    envelopeTimestamp: BigInt(timestamp),
    content,
  } as const;
  const bySender = validate(received, context, senderRules);
  if (bySender.kind === "dropped") return dropped(bySender.rule, bySender.reason);
  const { closedGroupControlMessage } = content.dataMessage ?? {};
  if (closedGroupControlMessage !== undefined) {
    const control = decodeLegacyControl(closedGroupControlMessage, crypto);
    return control === undefined
      ? dropped("G2", "not-in-groups")
      : { kind: "control", control, from, timestamp };
  }
  if (!group.members.includes(from)) return dropped("G1", "not-a-member");
  if (timestamp <= group.joinedAt) return dropped("G3", "before-joining");
  const verdict = validate({ ...received, content: onlyFirstPart(content) }, context, kindRules);
  if (verdict.kind === "dropped") return dropped(verdict.rule, verdict.reason);
  const base: IncomingBase = {
    from,
    conversation: group.groupId,
    outgoing: received.fromSelf,
    timestamp,
    ...(item.hash === undefined ? {} : { hash: item.hash }),
    ...(item.timestamp === undefined ? {} : { storedAt: item.timestamp }),
    ...(item.expiration === undefined ? {} : { expiresAt: item.expiration }),
    expiration: readExpiration(content, true),
    content,
  };
  const message = readContent(verdict.content, base);
  if (message?.kind === "text" || message?.kind === "reaction" || message?.kind === "unsend")
    return { kind: "message", message };
  return dropped("G2", "not-in-groups");
}
