/**
 * A group's info, namespace 13 (docs/protocol/groups.md §4).
 *
 * ```
 * !  destroyed      c  created (s)     d  delete messages before (s)   D  delete attachments before (s)
 * E  timer (s)      n  name            o  description                  p, q  picture URL and key
 * ```
 *
 * @module
 */
import {
  asDict,
  binaryToText,
  type ConfigDict,
  type ConfigOptions,
  checkName,
  checkPicture,
  checkSeconds,
  checkText,
  checkTimer,
  differs,
  type Entry,
  putName,
  putPicture,
  putPositive,
  readBinary,
  readName,
  readPicture,
  readPositive,
  readSeconds,
} from "../config/index.js";
import type { ProfilePicture } from "../messages/index.js";
import { GroupConfig } from "./group-config.js";
import type { GroupKeys } from "./keys.js";

/** What members know of the group itself. Times are unix seconds, 0 for none. */
export interface GroupDetails {
  /** Empty if there is none. */
  readonly name: string;
  /** Empty if there is none. */
  readonly description: string;
  readonly picture: ProfilePicture | undefined;
  /** Seconds after sending at which messages disappear; 0: they stay. */
  readonly timerSeconds: number;
  readonly created: number;
  /** Messages sent before are deleted. */
  readonly deleteBefore: number;
  /** Messages with attachments sent before are deleted. */
  readonly deleteAttachmentsBefore: number;
  /** The group is over, for good. */
  readonly isDestroyed: boolean;
}

/** What an admin changes; what is left out stays. */
export type GroupDetailsChange = Partial<Omit<GroupDetails, "isDestroyed">>;

/** Bytes of a description that the config takes; apps use 600 (`MAX_GROUP_DESCRIPTION_BYTES`). */
const MAX_DESCRIPTION_BYTES = 2000;

const KEYS: Readonly<Record<keyof GroupDetails, readonly string[]>> = {
  name: ["n"],
  description: ["o"],
  picture: ["p", "q"],
  timerSeconds: ["E"],
  created: ["c"],
  deleteBefore: ["d"],
  deleteAttachmentsBefore: ["D"],
  isDestroyed: ["!"],
};

/** The info config of one group. */
export class GroupInfo extends GroupConfig {
  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(keys: GroupKeys, options: ConfigOptions = {}) {
    super({ namespace: 13, domain: "groups::Info" }, keys, options);
  }

  /** Everything that is known. */
  get details(): GroupDetails {
    const root = asDict(this.read([]));
    return {
      name: readName(root, "n"),
      description: binaryToText(readBinary(root, "o")),
      picture: readPicture(root, "p", "q"),
      timerSeconds: readPositive(root, "E"),
      created: readSeconds(root, "c"),
      deleteBefore: readSeconds(root, "d"),
      deleteAttachmentsBefore: readSeconds(root, "D"),
      isDestroyed: readPositive(root, "!") > 0,
    };
  }

  /**
   * Changes the info: all that is given or, when a value is refused, nothing. `undefined` as picture removes it.
   *
   * @throws `CONFIG_VALUE_INVALID`, `CONFIG_READ_ONLY` for members
   */
  update(change: GroupDetailsChange): void {
    const values: Entry = new Map();
    const { name, description, timerSeconds, created, deleteBefore, deleteAttachmentsBefore } = change;
    if (name !== undefined) putName(values, "n", checkName("name", name));
    if (description !== undefined)
      putName(values, "o", checkText("description", description, MAX_DESCRIPTION_BYTES));
    if ("picture" in change) putPicture(values, "p", "q", change.picture && checkPicture(change.picture));
    if (timerSeconds !== undefined) putPositive(values, "E", checkTimer("timerSeconds", timerSeconds));
    if (created !== undefined) putPositive(values, "c", checkSeconds("created", created));
    if (deleteBefore !== undefined) putPositive(values, "d", checkSeconds("deleteBefore", deleteBefore));
    if (deleteAttachmentsBefore !== undefined)
      putPositive(values, "D", checkSeconds("deleteAttachmentsBefore", deleteAttachmentsBefore));
    for (const field of Object.keys(change) as (keyof GroupDetailsChange)[]) {
      if (field !== "picture" && change[field] === undefined) continue;
      for (const key of KEYS[field]) this.write([key], values.get(key));
    }
  }

  /** Ends the group for everybody; nobody can take that back. @throws `CONFIG_READ_ONLY` for members */
  destroy(): void {
    this.write(["!"], 1n);
  }

  /** What differs from an earlier snapshot. */
  changesSince(before: ConfigDict): readonly (keyof GroupDetails)[] {
    const after = this.snapshot();
    const fields = Object.keys(KEYS) as (keyof GroupDetails)[];
    return fields.filter((field) => KEYS[field].some((key) => differs(before, after, [key])));
  }
}
