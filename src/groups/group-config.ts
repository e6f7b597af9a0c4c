/**
 * What the two configs of a group share (docs/protocol/groups.md §4 to §6.6): they are signed with the group's key, so
 * that only admins can change them, and encrypted with the newest group key.
 *
 * @module
 */
import {
  ConfigBase,
  type ConfigKind,
  type ConfigOptions,
  type ConfigPush,
  type MergeResult,
  type StoredConfig,
} from "../config/index.js";
import { groupError } from "./errors.js";
import type { GroupKeys } from "./keys.js";

/** A config of a group. */
export abstract class GroupConfig extends ConfigBase {
  readonly #keys: GroupKeys;

  /**
   * @param keys - the group's: a promotion of them is one of this config, too
   * @throws `CONFIG_DUMP_INVALID`
   */
  protected constructor(kind: ConfigKind, keys: GroupKeys, options: ConfigOptions) {
    const signing = {
      publicKey: keys.publicKey,
      get secretKey() {
        return keys.groupKey?.secretKey;
      },
    };
    super(kind, { keys: keys.keys, signing }, options);
    this.#keys = keys;
  }

  /**
   * As for every config; what the group's key did not sign is ignored.
   *
   * @throws `GROUP_NO_KEYS`: keep the messages until a keys message was loaded
   */
  override merge(messages: readonly StoredConfig[]): MergeResult {
    this.#requireKeys();
    return super.merge(messages);
  }

  /** As for every config. @throws `GROUP_NO_KEYS`, `CONFIG_READ_ONLY`, `CONFIG_TOO_LARGE` */
  override push(): ConfigPush {
    this.#requireKeys();
    return super.push();
  }

  #requireKeys(): void {
    if (this.#keys.encryptionKey === undefined) throw groupError("GROUP_NO_KEYS", "the group has no key yet");
  }
}
