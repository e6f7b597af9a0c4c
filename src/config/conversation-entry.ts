/**
 * Which conversation an entry of {@link ConvoInfoVolatile} is about, and where it stands (docs/protocol/config.md §16).
 *
 * @module
 */
import { bytesToBinaryString } from "../bytes/index.js";
import {
  type BlindedId,
  type GroupId,
  isBlindedId,
  isGroupId,
  isSessionId,
  parseBlindedId,
  parseGroupId,
  parseSessionId,
  type SessionId,
} from "../identity/index.js";
import { checkBytes, checkMilliseconds } from "./checks.js";
import { type CommunityRoom, canonicalBaseUrl, checkRoom } from "./community-address.js";
import type { ConfigDict, ConfigPath } from "./data.js";
import {
  binaryToId,
  type Entry,
  flag,
  idToBinary,
  put,
  readBytes,
  readFlag,
  readPositive,
} from "./fields.js";

/** A conversation. */
export type ConversationId =
  | { readonly kind: "contact"; readonly id: SessionId }
  | { readonly kind: "group"; readonly id: GroupId }
  | { readonly kind: "legacy-group"; readonly id: SessionId }
  | { readonly kind: "blinded"; readonly id: BlindedId }
  | ({ readonly kind: "community" } & Pick<CommunityRoom, "baseUrl" | "room">);

/** Whether somebody has Session Pro, as their last message said. */
export interface ConversationPro {
  /** Unix milliseconds. */
  readonly expires: number;
  /** 32 bytes. */
  readonly revocationTag: Uint8Array;
}

/** What is known about a conversation. */
export interface ConversationFields {
  /** Timestamp of the last message read, unix milliseconds; 0 if none. */
  readonly lastRead: number;
  /** Marked as unread by the user. */
  readonly unread: boolean;
  /** In conversations with one person only. */
  readonly pro: ConversationPro | undefined;
}

const SECTIONS = { contact: "1", group: "g", "legacy-group": "C", blinded: "b", community: "o" } as const;
export type ConversationKind = keyof typeof SECTIONS;

const TAG_LENGTH = 32;
const ID_BYTES = 33;
/** Greater expiries are milliseconds, smaller ones seconds. */
const MIN_MILLISECONDS = 1_000_000_000_000;

/** The key of the root that holds conversations of a kind. */
export function sectionOf(kind: ConversationKind): string {
  return SECTIONS[kind];
}

/** Where a conversation's entry is. @throws `ID_INVALID`, `CONFIG_VALUE_INVALID` */
export function pathOf(conversation: ConversationId): ConfigPath {
  switch (conversation.kind) {
    case "contact":
    case "legacy-group":
      return [SECTIONS[conversation.kind], idToBinary(parseSessionId(conversation.id))];
    case "group":
      return [SECTIONS.group, idToBinary(parseGroupId(conversation.id))];
    case "blinded":
      return [SECTIONS.blinded, idToBinary(parseBlindedId(conversation.id))];
    case "community": {
      const room = checkRoom(conversation.room).toLowerCase();
      return [SECTIONS.community, canonicalBaseUrl(conversation.baseUrl), "R", room];
    }
  }
}

/** The conversation of a key in its section, if it is one. */
export function conversationOf(
  kind: Exclude<ConversationKind, "community">,
  key: string,
): Exclude<ConversationId, { kind: "community" }> | undefined {
  const id = key.length === ID_BYTES ? binaryToId(key) : "";
  if (kind === "group") return isGroupId(id) ? { kind, id } : undefined;
  if (kind === "blinded") return isBlindedId(id) ? { kind, id } : undefined;
  return isSessionId(id) ? { kind, id } : undefined;
}

export function readConversation(dict: ConfigDict, kind: ConversationKind): ConversationFields {
  const hasPro = kind === "contact" || kind === "blinded";
  return {
    lastRead: readPositive(dict, "r"),
    unread: readFlag(dict, "u"),
    pro: hasPro ? readPro(dict) : undefined,
  };
}

function readPro(dict: ConfigDict): ConversationPro | undefined {
  const expires = readPositive(dict, "e");
  const revocationTag = readBytes(dict, "g", TAG_LENGTH);
  if (expires === 0 || revocationTag === undefined) return undefined;
  return { expires: expires > MIN_MILLISECONDS ? expires : expires * 1000, revocationTag };
}

/**
 * The entry with `change` made.
 *
 * @param oldest - read marks that are not newer are not written, unless they go back
 * @throws `CONFIG_VALUE_INVALID`
 */
export function writeConversation(
  dict: ConfigDict,
  conversation: ConversationId,
  change: Partial<ConversationFields>,
  oldest: number,
): Entry {
  const entry: Entry = new Map(dict);
  const { kind } = conversation;
  const { lastRead: storedRead, unread: storedUnread } = readConversation(dict, kind);
  const lastRead =
    change.lastRead === undefined ? storedRead : checkMilliseconds("lastRead", change.lastRead);
  const stored = dict.get("r");
  if (lastRead > oldest || (typeof stored === "bigint" && BigInt(lastRead) < stored)) {
    entry.set("r", BigInt(lastRead));
  }
  put(entry, "u", flag(change.unread ?? storedUnread));
  if (kind === "blinded") put(entry, "y", flag(conversation.id.startsWith("15")));
  if ((kind === "contact" || kind === "blinded") && "pro" in change) putPro(entry, change.pro);
  return entry;
}

function putPro(entry: Entry, pro: ConversationPro | undefined): void {
  const expires = pro && BigInt(checkMilliseconds("pro.expires", pro.expires));
  put(entry, "e", expires);
  put(entry, "g", pro && bytesToBinaryString(checkBytes("pro.revocationTag", pro.revocationTag, TAG_LENGTH)));
}
