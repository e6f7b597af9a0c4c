/**
 * Records by id, in collections. Ids whose order matters hold numbers padded to 16 digits.
 *
 * ```
 * contact/<id>                               what is known of a person, and of the own account
 * message/<author>/<ms>                      a message, without its content
 * disappearing/<ms>/<author>/<ms>            what disappears when
 * chore/<hash>                               a change of the own swarm that is still to be made
 * unsupported/<hash>                         an item that a later version may be able to read
 * config/<namespace>                         a config that the account's devices share, and what is to be done for it
 * ```
 *
 * @module
 */
import { padNumber } from "./keys.js";
import {
  check,
  checked,
  isBytes,
  isFlag,
  isId,
  isObject,
  isText,
  isTexts,
  isTime,
  members,
  type RecordReader,
} from "./records.js";

/** A kind of records. */
export interface Collection<T> {
  readonly name: string;
  /** Throws anything at all for a text that is no such record. */
  readonly read: RecordReader<T>;
}

/** When messages of a conversation disappear. */
export interface TimerRecord {
  readonly mode: "off" | "after-read" | "after-send";
  readonly seconds: number;
}

/** What is known of a person; under the own id, of the own account. */
export interface ContactRecord {
  /** We accept them. */
  readonly approved: boolean;
  /** They accept us. */
  readonly approvedMe: boolean;
  readonly blocked: boolean;
  readonly name?: string | undefined;
  readonly picture?: { readonly url: string; readonly key: Uint8Array } | undefined;
  /** Time of the last change of name and picture, unix seconds; 0 if unknown. */
  readonly profileUpdatedAt: number;
  /** Our setting. */
  readonly timer: TimerRecord;
  /** When that was set, network ms. */
  readonly timerSetAt: number;
  /** Their setting. */
  readonly theirTimer?: TimerRecord | undefined;
  /** Messages up to this one are read, sent time in ms. */
  readonly readUpTo: number;
  /** When the conversation was removed, network ms; older messages are not wanted any more. */
  readonly removedAt?: number | undefined;
  /** The user's own name for the person. */
  readonly nickname?: string | undefined;
  /** −1 hidden, greater than 0 pinned; absent: neither. */
  readonly priority?: number | undefined;
  /** Absent: as the app does by default. */
  readonly notifications?: "default" | "all" | "disabled" | undefined;
  /** Unix seconds; absent: not muted. */
  readonly mutedUntil?: number | undefined;
  /** The user marked the conversation as unread. */
  readonly markedUnread?: boolean | undefined;
  /** When this device first heard of them, network ms. */
  readonly metAt?: number | undefined;
}

/** One of the account's configs. */
export interface ConfigRecord {
  /** Everything in it, changes that are not pushed yet included. Not encrypted. */
  readonly dump: Uint8Array;
  /** Hashes of stored versions that are to be deleted. */
  readonly obsolete: readonly string[];
  /** When the swarm was last told to keep the config, network ms; 0: never. */
  readonly keptAt: number;
  /** What the swarm has was never read: the account's devices do not share this yet. */
  readonly local?: boolean | undefined;
}

/** A message, without its content: what reactions, receipts and deletions refer to. */
export interface MessageRecord {
  readonly conversation: string;
  readonly kind: string;
  /** Of the copy in the own swarm. */
  readonly hash?: string | undefined;
  /** Incoming: it was read. */
  readonly read?: boolean | undefined;
  /** Seconds from reading to disappearing. */
  readonly timer?: number | undefined;
  /** When it disappears, network ms. */
  readonly disappearsAt?: number | undefined;
  /** It has attachments. */
  readonly attachments?: boolean | undefined;
}

/** A message that disappears. */
export interface DisappearingRecord {
  readonly conversation: string;
  readonly author: string;
  readonly timestamp: number;
}

/** A change of the own swarm that is to be made: the item is deleted, or expires at `expiry` (ms). */
export type ChoreRecord = { readonly delete: true } | { readonly expiry: number };

/** An item that this version cannot read. */
export interface UnsupportedRecord {
  readonly reason: string;
  readonly namespace: number;
  readonly data: Uint8Array;
  /** When the swarm took it, ms. */
  readonly timestamp: number;
  /** When the swarm forgets it, ms. */
  readonly expiration: number;
  /** When it is of no use any more, ms; absent: never. */
  readonly until?: number | undefined;
  /** Version of the library that tried last. */
  readonly version: string;
  /** The group whose swarm it is from; absent: it is from the own one, or from none. */
  readonly pubkey?: string | undefined;
  /** The room or community server that it is from; absent: it is from a swarm. */
  readonly room?: string | undefined;
}

const isTimer = (value: unknown): value is TimerRecord =>
  isObject(value) && /^(off|after-read|after-send)$/.test(String(value["mode"])) && isTime(value["seconds"]);
const isPicture = (value: unknown): boolean =>
  isObject(value) && isText(value["url"]) && isBytes(value["key"]);
const isPersonalSetting = (value: unknown): boolean => /^(default|all|disabled)$/.test(String(value));

/** By id of the person. */
export const CONTACTS: Collection<ContactRecord> = {
  name: "contact",
  read: (text) =>
    checked(
      members(text),
      {
        approved: isFlag,
        approvedMe: isFlag,
        blocked: isFlag,
        profileUpdatedAt: isTime,
        timer: isTimer,
        timerSetAt: isTime,
        readUpTo: isTime,
      },
      {
        name: isText,
        picture: isPicture,
        theirTimer: isTimer,
        removedAt: isTime,
        nickname: isText,
        priority: Number.isSafeInteger,
        notifications: isPersonalSetting,
        mutedUntil: isTime,
        markedUnread: isFlag,
        metAt: isTime,
      },
    ),
};

/** By {@link messageId}. */
export const MESSAGES: Collection<MessageRecord> = {
  name: "message",
  read: (text) =>
    checked(
      members(text),
      { conversation: isId, kind: isText },
      { hash: isText, read: isFlag, timer: isTime, disappearsAt: isTime, attachments: isFlag },
    ),
};

/** By {@link disappearingId}. */
export const DISAPPEARING: Collection<DisappearingRecord> = {
  name: "disappearing",
  read: (text) => checked(members(text), { conversation: isId, author: isId, timestamp: isTime }),
};

/** By hash. */
export const CHORES: Collection<ChoreRecord> = {
  name: "chore",
  read(text) {
    const record = members(text);
    check(record["delete"] === true || isTime(record["expiry"]), "chore");
    return record as unknown as ChoreRecord;
  },
};

/** By hash. */
export const UNSUPPORTED: Collection<UnsupportedRecord> = {
  name: "unsupported",
  read: (text) =>
    checked(
      members(text),
      {
        reason: isText,
        namespace: Number.isInteger,
        data: isBytes,
        timestamp: isTime,
        expiration: isTime,
        version: isText,
      },
      { until: isTime, pubkey: isId, room: isText },
    ),
};

/** By namespace. */
export const CONFIGS: Collection<ConfigRecord> = {
  name: "config",
  read: (text) =>
    checked(members(text), { dump: isBytes, obsolete: isTexts, keptAt: isTime }, { local: isFlag }),
};

/** Id of a message: messages of one author sort by time. */
export const messageId = (author: string, timestamp: number): string => `${author}/${padNumber(timestamp)}`;

/** Id of a message that disappears at `at`. */
export const disappearingId = (at: number, author: string, timestamp: number): string =>
  `${padNumber(at)}/${messageId(author, timestamp)}`;

/** The author in a {@link messageId}. */
export const authorOf = (id: string): string => id.slice(0, id.lastIndexOf("/"));

/** The sent time in a {@link messageId}. */
export const timestampOf = (id: string): number => Number(id.slice(id.lastIndexOf("/") + 1));

/** The time in a {@link disappearingId}. */
export const disappearsAtOf = (id: string): number => Number(id.slice(0, id.indexOf("/")));
