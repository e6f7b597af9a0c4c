/**
 * What the rules for received messages look at (docs/protocol/messages.md section 5.1).
 *
 * @module
 */
import type { Content } from "../proto/index.js";

/** Where a content came from. */
export type MessageSource =
  /** A namespace 0 inbox. */
  | "direct"
  /** A group v2. */
  | "group"
  /** A community room. */
  | "community"
  /** A community inbox. */
  | "inbox";

/** A content whose sender is proven. */
export interface ReceivedContent {
  readonly source: MessageSource;
  /** The sender: a 05 id, or a blinded id in communities. */
  readonly from: string;
  /** True when the sender is the own account. */
  readonly fromSelf: boolean;
  /** The other party, the group, or the room. */
  readonly conversation: string;
  /** Sent time, unix milliseconds: `sigTimestamp`, else the envelope's. */
  readonly timestamp: number;
  /** Time of the envelope, unix milliseconds; not authenticated. */
  readonly envelopeTimestamp?: bigint | undefined;
  /** Communities: time of posting by the server's clock, unix milliseconds. */
  readonly postedAt?: number | undefined;
  readonly content: Content;
}

/** The receiver's clock and state. Every question may be left out: then the rule that asks lets the message pass. */
export interface ValidationContext {
  /** Network time, unix milliseconds. */
  readonly now: number;
  /** V2: drop messages that carry no signed time. Off by default, old apps send such. */
  readonly requireSignedTimestamp?: boolean | undefined;
  /** V4: is this sender (or group) blocked? */
  readonly isBlocked?: ((id: string) => boolean) | undefined;
  /** V5: groups, unix seconds: messages up to here are deleted. */
  readonly deletedBefore?: number | undefined;
  /** V5: groups, unix seconds: messages with attachments up to here are deleted. */
  readonly attachmentsDeletedBefore?: number | undefined;
  /** V6: was this conversation removed on another device after `timestamp`? */
  readonly isRemovedSince?: ((conversation: string, timestamp: number) => boolean) | undefined;
  /** V12: is a message of this author and time already stored? */
  readonly isKnownDuplicate?: ((from: string, timestamp: number) => boolean) | undefined;
  /** V19: false when read receipts are switched off. */
  readonly receipts?: boolean | undefined;
  /** V19: false when typing indicators are switched off. */
  readonly typing?: boolean | undefined;
  /** V20: code points of a body; default 10,000. */
  readonly textLimit?: number | undefined;
  /** V13: control messages of legacy groups count as content. Off by default, as in the apps. */
  readonly legacyGroups?: boolean | undefined;
  /** V22: is the message that a reaction names known? */
  readonly isKnownTarget?: ((author: string, timestamp: number) => boolean) | undefined;
}

/** Rows of the table in the specification. */
export type RuleId =
  | "V1"
  | "V2"
  | "V3"
  | "V4"
  | "V5"
  | "V6"
  | "V7"
  | "V8"
  | "V9"
  | "V10"
  | "V11"
  | "V12"
  | "V13"
  | "V14"
  | "V15"
  | "V16"
  | "V17"
  | "V18"
  | "V19"
  | "V20"
  | "V21"
  | "V22";

/** Why a rule acted, in words that can be switched on. */
export type RuleReason =
  | "timestamp-mismatch"
  | "timestamp-unsigned"
  | "clock-difference"
  | "blocked"
  | "deleted-in-group"
  | "conversation-removed"
  | "unknown-flags"
  | "timer-update-with-content"
  | "too-many-attachments"
  | "foreign-sync-copy"
  | "legacy-target"
  | "duplicate"
  | "nothing-visible"
  | "foreign-unsend"
  | "typing-time"
  | "not-approved"
  | "own-call"
  | "old-call"
  | "switched-off"
  | "body-too-long"
  | "preview-not-in-body"
  | "reaction-without-target";

/** The result of the rules: the message goes, or it stays, perhaps trimmed. */
export type Verdict =
  | { readonly kind: "dropped"; readonly rule: RuleId; readonly reason: RuleReason }
  | {
      readonly kind: "accepted";
      /** The content after the rules that trim. */
      readonly content: Content;
      /** The rules that trimmed it. */
      readonly trimmedBy: readonly RuleId[];
    };
