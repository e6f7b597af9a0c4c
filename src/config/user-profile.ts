/**
 * The account's own profile and settings (docs/protocol/config.md §14), in namespace 2.
 *
 * ```text
 * n name   p q picture, t when changed   P Q picture uploaded again, T when   + e Note to Self: priority, timer
 * M requests from communities   f features   s E A G I R Session Pro
 * ```
 *
 * @module
 */

import { bytesToBinaryString } from "../bytes/index.js";
import type { ProfilePicture } from "../messages/index.js";
import { ConfigBase } from "./base.js";
import { asDict, differs } from "./changes.js";
import { checkBits, checkName, checkPicture, checkPriority, checkSeconds, checkTimer } from "./checks.js";
import type { ConfigDict, ConfigValue } from "./data.js";
import {
  type Entry,
  flag,
  nonzero,
  putBits,
  putPicture,
  readBits,
  readFlag,
  readName,
  readNumber,
  readPicture,
  readPositive,
  readSeconds,
  textToBinary,
} from "./fields.js";
import { type ProCredential, readProCredential, writeProCredential } from "./pro-credential.js";
import type { ConfigOptions } from "./types.js";
import { type ConfigAccount, userSecrets } from "./user-secrets.js";

/** State of Session Pro, as the account's devices share it. Times are unix seconds, 0 for none. */
export interface ProState {
  readonly credential: ProCredential | undefined;
  /** When access ends. */
  readonly expires: number;
  readonly autoRenews: boolean;
  /** Seconds after the end during which access goes on. */
  readonly gracePeriod: number;
  /** When a purchase was started that is not finished. Ignored after a week. */
  readonly purchaseStarted: number;
  /** When a refund was asked for. Ignored after a week. */
  readonly refundRequested: number;
}

/** What a merge can have changed. */
export type ProfileField = keyof typeof PATHS;

const WEEK_S = 7 * 86_400;
const PATHS = {
  name: ["n"],
  picture: ["p", "q", "t", "P", "Q", "T"],
  noteToSelfPriority: ["+"],
  noteToSelfTimer: ["e"],
  communityRequests: ["M"],
  features: ["f"],
  pro: ["s", "E", "A", "G", "I", "R"],
} as const;

export class UserProfile extends ConfigBase {
  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(account: ConfigAccount, options: ConfigOptions = {}) {
    super({ namespace: 2, domain: "UserProfile" }, userSecrets(account), options);
  }

  /** The display name; empty if there is none. */
  get name(): string {
    return readName(this.#root, "n");
  }

  /** @throws `CONFIG_VALUE_INVALID` above 100 UTF-8 bytes; see `truncateUtf8` */
  set name(name: string) {
    const value = checkName("name", name);
    this.#setProfile({ n: value === "" ? undefined : textToBinary(value) });
  }

  /** The picture to show: the one that was set or uploaded again last. */
  get picture(): ProfilePicture | undefined {
    return this.#isReuploadNewer ? readPicture(this.#root, "P", "Q") : readPicture(this.#root, "p", "q");
  }

  /** When the profile was changed last, unix seconds; 0 if never. */
  get updated(): number {
    return readSeconds(this.#root, this.#isReuploadNewer ? "T" : "t");
  }

  /** Note to Self: −1 hidden, 0 normal, greater than 0 pinned. */
  get noteToSelfPriority(): number {
    return readNumber(this.#root, "+");
  }

  set noteToSelfPriority(priority: number) {
    this.write(["+"], nonzero(checkPriority(priority)));
  }

  /** Seconds after which messages in Note to Self disappear; 0 for never. */
  get noteToSelfTimer(): number {
    return readPositive(this.#root, "e");
  }

  set noteToSelfTimer(seconds: number) {
    this.write(["e"], nonzero(checkTimer("noteToSelfTimer", seconds)));
  }

  /** Whether members of communities may send message requests; `undefined` while the user has not chosen. */
  get communityRequests(): boolean | undefined {
    const value = this.#root.get("M");
    return typeof value === "bigint" ? value !== 0n : undefined;
  }

  set communityRequests(allowed: boolean | undefined) {
    this.#setProfile({ M: allowed === undefined ? undefined : allowed ? 1n : 0n });
  }

  /** Profile features in use, by bit: 0 Pro badge, 1 animated picture. */
  get features(): readonly number[] {
    return readBits(this.#root, "f");
  }

  set features(bits: readonly number[]) {
    const entry: Entry = new Map();
    putBits(entry, "f", checkBits("features", bits));
    this.#setProfile({ f: entry.get("f") });
  }

  get pro(): ProState {
    const root = this.#root;
    const recent = (time: number): number => (time > this.#nowSeconds - WEEK_S ? time : 0);
    // Old writers put milliseconds here; `readSeconds` takes care of that.
    return {
      credential: readProCredential(root.get("s")),
      expires: readSeconds(root, "E"),
      autoRenews: readFlag(root, "A"),
      gracePeriod: readPositive(root, "G"),
      purchaseStarted: recent(readSeconds(root, "I")),
      refundRequested: recent(readSeconds(root, "R")),
    };
  }

  /**
   * Sets the picture, or removes it with `undefined`. Setting the picture that is set already changes nothing.
   *
   * @throws `CONFIG_VALUE_INVALID` for an empty or too long URL, or a key of other than 32 bytes
   */
  setPicture(picture: ProfilePicture | undefined): void {
    const now = BigInt(this.#nowSeconds);
    if (!this.#writePicture("p", "q", picture && checkPicture(picture))) return;
    this.write(["t"], now);
    // A picture uploaded again must not come back.
    if (picture === undefined && this.#writePicture("P", "Q", undefined)) this.write(["T"], now);
  }

  /** Says where the same picture lies after it was uploaded again. @throws `CONFIG_VALUE_INVALID` */
  setReuploadedPicture(picture: ProfilePicture): void {
    if (this.#writePicture("P", "Q", checkPicture(picture))) this.write(["T"], BigInt(this.#nowSeconds));
  }

  /**
   * Changes the members that are given.
   *
   * @throws `CONFIG_VALUE_INVALID`
   */
  setPro(change: Partial<ProState>): void {
    const { credential, expires, gracePeriod, purchaseStarted, refundRequested } = change;
    const values: Record<string, ConfigValue | undefined> = {};
    if (expires !== undefined) values["E"] = nonzero(checkSeconds("expires", expires));
    if (change.autoRenews !== undefined) values["A"] = flag(change.autoRenews);
    if (gracePeriod !== undefined) values["G"] = nonzero(checkTimer("gracePeriod", gracePeriod));
    if (purchaseStarted !== undefined)
      values["I"] = nonzero(checkSeconds("purchaseStarted", purchaseStarted));
    if (refundRequested !== undefined)
      values["R"] = nonzero(checkSeconds("refundRequested", refundRequested));
    // A grace period without an end means nothing; a proof that is good ends a purchase.
    if (expires === 0) values["G"] = undefined;
    if (credential !== undefined && credential.expires > this.#nowSeconds) values["I"] = undefined;
    if ("credential" in change) {
      const written = credential && bytesToBinaryString(writeProCredential(credential));
      this.#setProfile({ s: written });
    }
    for (const [key, value] of Object.entries(values)) this.write([key], value);
  }

  /** What differs from an earlier snapshot. */
  changesSince(before: ConfigDict): readonly ProfileField[] {
    const after = this.snapshot();
    const fields = Object.keys(PATHS) as ProfileField[];
    return fields.filter((field) => PATHS[field].some((key) => differs(before, after, [key])));
  }

  get #root(): ConfigDict {
    return asDict(this.read([]));
  }

  get #nowSeconds(): number {
    return Math.floor(this.now() / 1000);
  }

  get #isReuploadNewer(): boolean {
    return readSeconds(this.#root, "T") > readSeconds(this.#root, "t");
  }

  #writePicture(urlKey: string, keyKey: string, picture: ProfilePicture | undefined): boolean {
    const entry: Entry = new Map();
    putPicture(entry, urlKey, keyKey, picture);
    const urlChanged = this.write([urlKey], entry.get(urlKey));
    const keyChanged = this.write([keyKey], entry.get(keyKey));
    return urlChanged || keyChanged;
  }

  /** Writes what others see of the profile; a change moves the time that counts. */
  #setProfile(values: Readonly<Record<string, ConfigValue | undefined>>): void {
    const timeKey = this.#isReuploadNewer ? "T" : "t";
    let changed = false;
    for (const [key, value] of Object.entries(values)) changed = this.write([key], value) || changed;
    if (changed) this.write([timeKey], BigInt(this.#nowSeconds));
  }
}
