/**
 * What the flows of groups check first, and what they share.
 *
 * @module
 */

import { utf8ToBytes } from "../../bytes/index.js";
import { MAX_PICTURE_URL_BYTES, truncateUtf8 } from "../../config/index.js";
import type { Crypto, Ed25519KeyPair } from "../../crypto/index.js";
import { isSessionError, SessionError, throwIfAborted } from "../../errors/index.js";
import {
  type AdminContext,
  type GroupErrorCode,
  type GroupMember,
  MEMBER_ACCESS,
  type MemberUpdate,
  subaccountToken,
} from "../../groups/index.js";
import { isSessionId, type SessionId } from "../../identity/index.js";
import type { Profile, ProfilePicture } from "../../messages/index.js";
import { STRANGER } from "../contact-state.js";
import { profileOf } from "../effects.js";
import type { ClientErrorCode } from "../errors.js";
import { orAborted } from "../timers.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupWorld } from "./world.js";

/** The group's own pair. @throws `GROUP_NOT_ADMIN` */
export function requireAdmin({ state, id }: LiveGroup): Ed25519KeyPair {
  const { groupKey } = state.keys;
  if (groupKey !== undefined) return groupKey;
  throw new SessionError<GroupErrorCode>("GROUP_NOT_ADMIN", "only admins can do this", {
    details: { group: id },
  });
}

/** What a control message of `timestamp` is signed with. @throws `GROUP_NOT_ADMIN` */
export function adminContext({ crypto }: GroupWorld, group: LiveGroup, timestamp: number): AdminContext {
  return { groupKey: requireAdmin(group), timestamp, crypto };
}

/** Resolves when network time is known: sent times are signed. @throws `ABORTED` */
export async function networkTime({ clock, lifetime }: GroupWorld, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await orAborted(clock.sync(lifetime), signal);
  throwIfAborted(lifetime);
}

/** Ids of accounts, each once. @throws `INVALID_ARGUMENT`, `ID_INVALID` */
export function checkIds(ids: unknown): SessionId[] {
  if (!Array.isArray(ids)) throw new SessionError("INVALID_ARGUMENT", "the members are not an array");
  for (const id of ids)
    if (!isSessionId(id)) throw new SessionError("ID_INVALID", "a member's id is no Session ID");
  return [...new Set(ids as SessionId[])];
}

/**
 * A member's token. There is none for an id that nobody can have: half of all ids are no points of the curve, such as one
 * with a wrong digit.
 */
export function memberToken(groupKey: Ed25519KeyPair, id: SessionId, crypto: Crypto): Uint8Array | undefined {
  try {
    return subaccountToken(groupKey, id, MEMBER_ACCESS, crypto);
  } catch (error) {
    if (!isSessionError(error, "GROUP_INVALID_MEMBER")) throw error;
    return undefined;
  }
}

/** Nobody is added who could never be let in. @throws `ID_INVALID` */
export function checkTokens(groupKey: Ed25519KeyPair, ids: readonly SessionId[], crypto: Crypto): void {
  const impossible = ids.find((id) => memberToken(groupKey, id, crypto) === undefined);
  if (impossible === undefined) return;
  throw new SessionError("ID_INVALID", "nobody can have this Session ID", { details: { id: impossible } });
}

/** The member. @throws `GROUP_NOT_MEMBER` */
export function requireMember({ state, id: group }: LiveGroup, id: SessionId): GroupMember {
  const member = state.members.get(id);
  if (member !== undefined) return member;
  throw new SessionError<ClientErrorCode>("GROUP_NOT_MEMBER", "the account is not on the member list", {
    details: { group, member: id },
  });
}

/** Name and picture of an account, as they are known here, for the member list. */
export function listedProfile({ contacts }: GroupWorld, id: SessionId): MemberUpdate {
  return listed(profileOf(contacts.get(id) ?? STRANGER));
}

/** A profile, as the member list can hold it. */
export function listed({ name, picture, updatedAt }: Profile): MemberUpdate {
  return {
    ...(name === undefined ? {} : { name: truncateUtf8(name) }),
    picture: picture !== undefined && isStorable(picture) ? picture : undefined,
    ...(updatedAt === 0 ? {} : { profileUpdated: updatedAt }),
  };
}

const KEY_LENGTH = 32;

const isStorable = ({ url, key }: ProfilePicture): boolean =>
  url !== "" && key.length === KEY_LENGTH && utf8ToBytes(url).length <= MAX_PICTURE_URL_BYTES;
