/**
 * Records of closed groups.
 *
 * ```
 * group/<id>           a group's keys, info and members, and what is to be done for it
 * group-cursors/<id>   how far a group's swarm was read
 * ```
 *
 * @module
 */
import type { Collection } from "./collections.js";
import {
  type CursorRecord,
  check,
  checked,
  isBytes,
  isFlag,
  isIds,
  isObject,
  isText,
  isTexts,
  isTime,
  isTimes,
  members,
} from "./records.js";

/** A control message that is to be stored in a group's swarm. */
export interface GroupNotice {
  /** A `GroupUpdateMessage`. */
  readonly update: Readonly<Record<string, unknown>>;
  /** Its sent time, network ms: signed, and so its own for ever. */
  readonly timestamp: number;
  /** Seconds after sending at which it disappears; 0: it stays. */
  readonly timer: number;
}

/** What is to be done in a group's swarm beside storing keys, info and members that changed. */
export interface PendingGroupWork {
  readonly notices: readonly GroupNotice[];
  /** Members to be given the keys of what was written before they came. */
  readonly supplement: readonly string[];
  /** Members whose tokens the swarm is to take again. */
  readonly unrevoke: readonly string[];
  /** Hashes of messages to be deleted. */
  readonly deleteHashes: readonly string[];
  /** All messages are to be deleted. */
  readonly deleteAll: boolean;
}

/** A group that the account is in. */
export interface GroupRecord {
  /** Keys, info and members, changes that are not pushed yet included. Not encrypted. */
  readonly dump: Uint8Array;
  readonly pending: PendingGroupWork;
  /** Hashes of stored versions that are to be deleted. */
  readonly obsolete: readonly string[];
  /** When the swarm was last told to keep the group, network ms; 0: never. */
  readonly keptAt: number;
  /** The swarm was read: from then on changes can be pushed without overwriting what is there. */
  readonly isRead: boolean;
  /** The account leaves the group: it is forgotten once the others are told. */
  readonly isLeaving: boolean;
  /** When something last happened, network ms. */
  readonly activeAt: number;
  /** Messages, and those with attachments, sent before are deleted, unix seconds; 0: none. */
  readonly deletedBefore: number;
  readonly attachmentsDeletedBefore: number;
  /** When this device opened the group, network ms: who was a member before that is not known. */
  readonly openedAt: number;
  /** Who was on the member list, and until when, network ms. */
  readonly former: Readonly<Record<string, number>>;
  /** Who said that they leave, and when, network ms: an admin is to take them off the list. */
  readonly left: Readonly<Record<string, number>>;
  /** When members were last added or accepted, network ms: who says before that they leave has come back. */
  readonly since: Readonly<Record<string, number>>;
  /** Generation up to which the last removal notice of this device counts; absent: it wrote none. */
  readonly shutOut?: number | undefined;
}

/** How far a group's swarm was read: by `<namespace>/<node>`. */
export type GroupCursorsRecord = Readonly<Record<string, CursorRecord>>;

const isNotice = (value: unknown): boolean =>
  isObject(value) && isObject(value["update"]) && isTime(value["timestamp"]) && isTime(value["timer"]);
const isNotices = (value: unknown): boolean => Array.isArray(value) && value.every(isNotice);

function isPendingWork(value: unknown): boolean {
  check(isObject(value), "pending");
  checked<PendingGroupWork>(value, {
    notices: isNotices,
    supplement: isIds,
    unrevoke: isIds,
    deleteHashes: isTexts,
    deleteAll: isFlag,
  });
  return true;
}

/** By group id. */
export const GROUPS: Collection<GroupRecord> = {
  name: "group",
  read: (text) =>
    checked(
      members(text),
      {
        dump: isBytes,
        pending: isPendingWork,
        obsolete: isTexts,
        keptAt: isTime,
        isRead: isFlag,
        isLeaving: isFlag,
        activeAt: isTime,
        deletedBefore: isTime,
        attachmentsDeletedBefore: isTime,
        openedAt: isTime,
        former: isTimes,
        left: isTimes,
        since: isTimes,
      },
      { shutOut: isTime },
    ),
};

/** By group id. */
export const GROUP_CURSORS: Collection<GroupCursorsRecord> = {
  name: "group-cursors",
  read(text) {
    const record = members(text);
    for (const cursor of Object.values(record))
      check(isObject(cursor) && isText(cursor["hash"]) && isTime(cursor["expiration"]), "cursor");
    return record as GroupCursorsRecord;
  },
};
