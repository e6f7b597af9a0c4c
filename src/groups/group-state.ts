/**
 * One group's whole state on one device: keys, info and members, and what ties them together (docs/protocol/groups.md §6).
 *
 * The configs are encrypted with the newest group key, so a rekey has to push both again, and a keys message that was
 * loaded gives them more to decrypt with. Process what a poll brings in this order: keys, info, members.
 *
 * @module
 */
import { btDecodeDict, btEncode } from "../bytes/index.js";
import type { ConfigOptions } from "../config/index.js";
import { isSessionError } from "../errors/index.js";
import type { GroupId } from "../identity/index.js";
import { groupError } from "./errors.js";
import { GroupInfo } from "./info.js";
import { GroupKeys, type GroupReader, type LoadedKeys, type StoredKeysMessage } from "./keys.js";
import type { RekeyMessage } from "./keys-build.js";
import { GroupMembers } from "./members.js";

/** How a {@link GroupState} starts. */
export interface GroupStateOptions extends Omit<ConfigOptions, "dump"> {
  readonly groupId: GroupId;
  readonly account: GroupReader;
  /** The group's seed (32 bytes) or secret key (64), for admins. */
  readonly seed?: Uint8Array | undefined;
  /** What {@link GroupState.dump} gave; or what its parts gave. */
  readonly dump?: Uint8Array | GroupStateDump | undefined;
}

/** Dumps of the parts. */
export interface GroupStateDump {
  readonly keys?: Uint8Array | undefined;
  readonly info?: Uint8Array | undefined;
  readonly members?: Uint8Array | undefined;
}

/** A group. */
export class GroupState {
  readonly groupId: GroupId;
  readonly keys: GroupKeys;
  readonly info: GroupInfo;
  readonly members: GroupMembers;

  /** @throws `GROUP_WRONG_KEY`, `GROUP_INVALID_DUMP`, `CONFIG_DUMP_INVALID`, `ID_INVALID` */
  constructor(options: GroupStateOptions) {
    const { groupId, account, seed, crypto, now, compress } = options;
    const dump = options.dump instanceof Uint8Array ? splitDump(options.dump) : (options.dump ?? {});
    this.groupId = groupId;
    this.keys = new GroupKeys({ groupId, account, seed, dump: dump.keys, crypto });
    this.info = new GroupInfo(this.keys, { crypto, now, compress, dump: dump.info });
    this.members = new GroupMembers(this.keys, { crypto, now, compress, dump: dump.members });
  }

  /** Whether the group's secret key is known. */
  get isAdmin(): boolean {
    return this.keys.isAdmin;
  }

  /** True when there is something new to {@link dump}. */
  get needsDump(): boolean {
    return this.keys.needsDump || this.info.needsDump || this.members.needsDump;
  }

  /**
   * Takes a keys message; info and members can then be decrypted with what it held.
   *
   * @throws `GROUP_KEYS_INVALID`, `GROUP_KEYS_BAD_SIGNATURE`; nothing has changed then
   */
  loadKeys(message: StoredKeysMessage): LoadedKeys {
    const loaded = this.keys.load(message);
    if (loaded.changed) this.#handOverKeys(false);
    return loaded;
  }

  /**
   * Makes a new key for everybody on the member list. Store the message first, then info and members, which need a push
   * now because they are encrypted with the new key. The same members at the same generation make the same key, whoever
   * rekeys and however often.
   *
   * @throws `GROUP_NOT_ADMIN`, `GROUP_TOO_MANY_MEMBERS`, `GROUP_GENERATION_LIMIT`
   */
  rekey(): RekeyMessage {
    const message = this.keys.rekey(this.members.ids());
    this.#handOverKeys(true);
    return message;
  }

  /**
   * Whether an admin has to rekey and push now. Call it when keys, info and members of a poll were all processed.
   *
   * That is so when two keys of the newest generation collide; and when this device has rekeyed, but the newest key was
   * not made for the member list as it is: another admin's later key overtook ours and may leave out whom we added, or
   * serve whom we removed. The official clients see only the former.
   */
  settle(): boolean {
    return this.keys.settle(this.members.ids(), this.members.needsPush);
  }

  /** Makes this member an admin, with the seed of a promotion. @throws `GROUP_WRONG_KEY` */
  makeAdmin(seed: Uint8Array): void {
    this.keys.makeAdmin(seed);
  }

  /** Everything to go on from after a restart, in one. It holds keys and is not encrypted. */
  dump(): Uint8Array {
    return btEncode({ info: this.info.dump(), keys: this.keys.dump(), members: this.members.dump() });
  }

  #handOverKeys(reencrypt: boolean): void {
    const { keys } = this.keys;
    this.info.setKeys(keys, { reencrypt });
    this.members.setKeys(keys, { reencrypt });
  }
}

function splitDump(dump: Uint8Array): GroupStateDump {
  try {
    const dict = btDecodeDict(dump);
    const [keys, info, members] = ["keys", "info", "members"].map((part) => dict.get(part));
    if (keys instanceof Uint8Array && info instanceof Uint8Array && members instanceof Uint8Array)
      return { keys, info, members };
  } catch (cause) {
    if (!isSessionError(cause)) throw cause;
    throw groupError("GROUP_INVALID_DUMP", "the stored group cannot be read", { cause });
  }
  throw groupError("GROUP_INVALID_DUMP", "a part of the stored group is missing");
}
