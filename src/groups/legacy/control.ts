/**
 * Control messages of legacy closed groups, both ways (docs/protocol/legacy-groups.md §3). Deprecated.
 *
 * ```
 * NEW 1  ENCRYPTION_KEY_PAIR 3  NAME_CHANGE 4  MEMBERS_ADDED 5  MEMBERS_REMOVED 6  MEMBER_LEFT 7
 * ```
 *
 * @module
 */
import { type Crypto, defaultCrypto, type X25519KeyPair } from "../../crypto/index.js";
import type { SessionId } from "../../identity/index.js";
import {
  type DataMessageClosedGroupControlMessage as ControlMessage,
  DataMessageClosedGroupControlMessageType as ControlType,
  type DataMessageClosedGroupControlMessageKeyPairWrapper as KeyPairWrapper,
} from "../../proto/index.js";
import { groupError } from "../errors.js";
import { legacyIdBytes, legacyIdFrom, legacyKeyPairFromProto, legacyKeyPairToProto } from "./keys.js";

/** What a control message says. */
export type LegacyControl =
  /** One-to-one: there is a group, and the receiver is in it. */
  | {
      readonly kind: "new";
      readonly groupId: SessionId;
      readonly name: string;
      readonly keyPair: X25519KeyPair;
      readonly members: readonly SessionId[];
      readonly admins: readonly SessionId[];
      /** Disappearing timer; 0 is off. */
      readonly timerSeconds: number;
    }
  /** A new encryption pair, wrapped for each member. */
  | {
      readonly kind: "key-pair";
      readonly wrappers: readonly KeyPairWrapper[];
      /** Only one-to-one, as the answer to a member that was added. */
      readonly groupId?: SessionId | undefined;
    }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "added"; readonly members: readonly SessionId[] }
  | { readonly kind: "removed"; readonly members: readonly SessionId[] }
  | { readonly kind: "left" };

/**
 * The wire form of `control`, for `DataMessage.closedGroupControlMessage`.
 *
 * @throws `GROUP_INVALID_VALUE` for an empty list or name
 */
export function encodeLegacyControl(control: LegacyControl): ControlMessage {
  switch (control.kind) {
    case "new":
      return {
        type: ControlType.NEW,
        publicKey: legacyIdBytes(control.groupId),
        name: named(control.name),
        encryptionKeyPair: legacyKeyPairToProto(control.keyPair),
        members: idList(control.members),
        admins: idList(control.admins),
        expirationTimer: control.timerSeconds,
      };
    case "key-pair":
      if (control.wrappers.length === 0) throw invalid("a key pair is wrapped for somebody");
      return {
        type: ControlType.ENCRYPTION_KEY_PAIR,
        ...(control.groupId === undefined ? {} : { publicKey: legacyIdBytes(control.groupId) }),
        wrappers: control.wrappers,
      };
    case "name":
      return { type: ControlType.NAME_CHANGE, name: named(control.name) };
    case "added":
      return { type: ControlType.MEMBERS_ADDED, members: idList(control.members) };
    case "removed":
      return { type: ControlType.MEMBERS_REMOVED, members: idList(control.members) };
    case "left":
      return { type: ControlType.MEMBER_LEFT };
  }
}

/** What a control message says, or undefined: it is of a type to be ignored, or what its type needs is missing. */
export function decodeLegacyControl(
  message: ControlMessage,
  crypto: Crypto = defaultCrypto,
): LegacyControl | undefined {
  switch (message.type) {
    case ControlType.NEW:
      return decodeNew(message, crypto);
    case ControlType.ENCRYPTION_KEY_PAIR: {
      const { wrappers = [], publicKey } = message;
      const groupId = publicKey === undefined ? undefined : legacyIdFrom(publicKey);
      if (wrappers.length === 0 || (publicKey !== undefined && groupId === undefined)) return undefined;
      return { kind: "key-pair", wrappers, ...(groupId === undefined ? {} : { groupId }) };
    }
    case ControlType.NAME_CHANGE: {
      const { name = "" } = message;
      return name === "" ? undefined : { kind: "name", name };
    }
    case ControlType.MEMBERS_ADDED:
    case ControlType.MEMBERS_REMOVED: {
      const members = ids(message.members);
      const kind = message.type === ControlType.MEMBERS_ADDED ? "added" : "removed";
      return members.length === 0 ? undefined : { kind, members };
    }
    case ControlType.MEMBER_LEFT:
      return { kind: "left" };
    default:
      return undefined;
  }
}

function decodeNew(message: ControlMessage, crypto: Crypto): LegacyControl | undefined {
  const { publicKey, name = "", encryptionKeyPair, expirationTimer: timerSeconds = 0 } = message;
  const groupId = publicKey === undefined ? undefined : legacyIdFrom(publicKey);
  const keyPair =
    encryptionKeyPair === undefined ? undefined : legacyKeyPairFromProto(encryptionKeyPair, crypto);
  const members = ids(message.members);
  const admins = ids(message.admins);
  if (groupId === undefined || keyPair === undefined || name === "") return undefined;
  if (members.length === 0 || admins.length === 0) return undefined;
  return { kind: "new", groupId, name, keyPair, members, admins, timerSeconds };
}

/** Each id once; what is no id is left out. */
function ids(list: readonly Uint8Array[] = []): SessionId[] {
  return [...new Set(list.map(legacyIdFrom).filter((id) => id !== undefined))];
}

function idList(list: readonly SessionId[]): Uint8Array[] {
  if (list.length === 0) throw invalid("a list of members names somebody");
  return list.map(legacyIdBytes);
}

function named(name: string): string {
  if (name === "") throw invalid("a group has a name");
  return name;
}

function invalid(message: string): Error {
  return groupError("GROUP_INVALID_VALUE", message);
}
