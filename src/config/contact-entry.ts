/**
 * One contact in its dict (docs/protocol/config.md §15).
 *
 * @module
 */
import type { Expiration, ProfilePicture } from "../messages/index.js";
import {
  checkBits,
  checkChoice,
  checkExpiration,
  checkName,
  checkPicture,
  checkPriority,
  checkSeconds,
} from "./checks.js";
import type { ConfigDict } from "./data.js";
import {
  type Entry,
  put,
  putBits,
  putFlag,
  putName,
  putNonzero,
  putPicture,
  putPositive,
  readBits,
  readFlag,
  readInteger,
  readName,
  readNumber,
  readPicture,
  readSeconds,
  settleFlag,
  settleName,
  settleNonzero,
  settlePicture,
  settleSeconds,
  textToBinary,
} from "./fields.js";

/** What a contact's notifications are. */
export type ContactNotifications = "default" | "all" | "disabled";

/** Everything about a contact but who it is. */
export interface ContactFields {
  /** Name that the contact gave itself; at most 100 UTF-8 bytes. */
  readonly name: string;
  /** Name that the user gave the contact; empty if none. */
  readonly nickname: string;
  readonly picture: ProfilePicture | undefined;
  /** When name and picture were last updated, unix seconds; 0 if never. */
  readonly profileUpdated: number;
  /** We accepted the contact's message request, or wrote first. */
  readonly approved: boolean;
  /** The contact accepted ours. */
  readonly approvedMe: boolean;
  readonly blocked: boolean;
  /** −1 hidden, 0 normal, greater than 0 pinned. */
  readonly priority: number;
  readonly notifications: ContactNotifications;
  /** Unix seconds; 0 if not muted. */
  readonly mutedUntil: number;
  readonly expiration: Expiration;
  /** When the contact was added, unix seconds; 0 if unknown. */
  readonly created: number;
  /** The contact's profile features, by bit. */
  readonly features: readonly number[];
}

const NOTIFICATIONS = ["default", "all", "disabled"] as const;
const EXPIRATION_MODES = ["off", "after-send", "after-read"] as const;
/** "Only mentions" of other kinds of conversation; here it means all. */
const MENTIONS = 3n;

export function readContact(dict: ConfigDict): ContactFields {
  return {
    name: readName(dict, "n"),
    nickname: readName(dict, "N"),
    picture: readPicture(dict, "p", "q"),
    profileUpdated: readSeconds(dict, "t"),
    approved: readFlag(dict, "a"),
    approvedMe: readFlag(dict, "A"),
    blocked: readFlag(dict, "b"),
    priority: readNumber(dict, "+"),
    notifications: NOTIFICATIONS[Number(notificationValue(dict))] ?? "default",
    mutedUntil: readSeconds(dict, "!"),
    expiration: readTimer(dict),
    created: readSeconds(dict, "j"),
    features: readBits(dict, "f"),
  };
}

/**
 * The dict with `change` made, and with everything else in the form that writing it gives.
 *
 * @throws `CONFIG_VALUE_INVALID`
 */
export function writeContact(dict: ConfigDict, change: Partial<ContactFields>): Entry {
  const entry: Entry = new Map(dict);
  settleContact(entry);
  const { name, nickname, profileUpdated, priority, notifications, mutedUntil, expiration, created } = change;
  // Always there, so that the contact is never an empty dict, which would be none.
  if (name !== undefined) put(entry, "n", textToBinary(checkName("name", name)));
  if (nickname !== undefined) putName(entry, "N", checkName("nickname", nickname));
  if ("picture" in change) putPicture(entry, "p", "q", change.picture && checkPicture(change.picture));
  if (profileUpdated !== undefined) putPositive(entry, "t", checkSeconds("profileUpdated", profileUpdated));
  if (change.approved !== undefined) putFlag(entry, "a", change.approved);
  if (change.approvedMe !== undefined) putFlag(entry, "A", change.approvedMe);
  if (change.blocked !== undefined) putFlag(entry, "b", change.blocked);
  if (priority !== undefined) putNonzero(entry, "+", checkPriority(priority));
  if (notifications !== undefined) {
    putPositive(entry, "@", checkChoice("notifications", notifications, NOTIFICATIONS));
  }
  if (mutedUntil !== undefined) putPositive(entry, "!", checkSeconds("mutedUntil", mutedUntil));
  if (expiration !== undefined) putTimer(entry, checkExpiration(expiration));
  if (created !== undefined) putPositive(entry, "j", checkSeconds("created", created));
  if (change.features !== undefined) putBits(entry, "f", checkBits("features", change.features));
  return entry;
}

function settleContact(entry: Entry): void {
  settleName(entry, "n", true);
  settleName(entry, "N", false);
  settlePicture(entry, "p", "q");
  for (const key of ["a", "A", "b"]) settleFlag(entry, key);
  settleNonzero(entry, "+");
  putPositive(entry, "@", notificationValue(entry));
  for (const key of ["!", "j", "t"]) settleSeconds(entry, key);
  if (readTimer(entry).mode === "off") putTimer(entry, { mode: "off", seconds: 0 });
}

function notificationValue(dict: ConfigDict): bigint {
  const value = readInteger(dict, "@");
  if (value === MENTIONS) return 1n;
  return value > 0n && value < MENTIONS ? value : 0n;
}

function readTimer(dict: ConfigDict): Expiration {
  const mode = EXPIRATION_MODES[readNumber(dict, "e")] ?? "off";
  const seconds = readNumber(dict, "E");
  return mode === "off" || seconds <= 0 ? { mode: "off", seconds: 0 } : { mode, seconds };
}

function putTimer(entry: Entry, { mode, seconds }: Expiration): void {
  const isOn = mode !== "off" && seconds > 0;
  put(entry, "e", isOn ? BigInt(EXPIRATION_MODES.indexOf(mode)) : undefined);
  put(entry, "E", isOn ? BigInt(seconds) : undefined);
}
