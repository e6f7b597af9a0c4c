/**
 * Profiles inside messages (docs/protocol/messages.md section 7).
 *
 * @module
 */
import type { DataMessage, LokiProfile } from "../proto/index.js";
import { displayableName, prepareName } from "./names.js";
import { toTimestamp } from "./timestamps.js";

/** A user's profile, as messages carry it. */
export interface Profile {
  readonly name?: string | undefined;
  readonly picture?: ProfilePicture | undefined;
  /** Time of the last change, unix seconds; 0 if unknown. */
  readonly updatedAt: number;
}

/** Where a profile picture lies, and its key. */
export interface ProfilePicture {
  readonly url: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Members that carry a profile, of a DataMessage as well as of a MessageRequestResponse. */
export type ProfileFields = Pick<DataMessage, "profile" | "profileKey">;

/** Larger numbers of seconds are milliseconds of a confused sender. */
const MAX_SECONDS = 4_000_000_000;

/** The wire form of the own profile; picture and key go together. */
export function profileFields(profile: Profile | undefined): ProfileFields {
  if (profile === undefined) return {};
  const { name, picture, updatedAt } = profile;
  const fields: LokiProfile = {
    ...(name === undefined || name === "" ? {} : { displayName: prepareName(name) }),
    ...(picture === undefined ? {} : { profilePicture: picture.url }),
    ...(updatedAt === 0 ? {} : { lastUpdateSeconds: BigInt(updatedAt) }),
  };
  return { profile: fields, ...(picture === undefined ? {} : { profileKey: picture.key }) };
}

/** The profile in a received message, its name made safe to show. `undefined` means: change nothing. */
export function readProfile({ profile, profileKey: key }: ProfileFields): Profile | undefined {
  if (profile === undefined) return undefined;
  const { displayName, profilePicture: url, lastUpdateSeconds = 0n } = profile;
  const name = displayName === undefined ? undefined : displayableName(displayName);
  const given = toTimestamp(lastUpdateSeconds) ?? 0;
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined || url === "" || key === undefined || key.length === 0
      ? {}
      : { picture: { url, key } }),
    updatedAt: given >= MAX_SECONDS ? Math.floor(given / 1000) : given,
  };
}

/**
 * Whether a received profile replaces the stored one. If so: the name is replaced unless absent, the picture is
 * replaced or, if absent, removed.
 *
 * @param storedUpdatedAt - `updatedAt` of the stored profile, 0 if there is none
 */
export function isNewerProfile(received: Profile, storedUpdatedAt: number): boolean {
  return received.updatedAt > storedUpdatedAt || (received.updatedAt === 0 && storedUpdatedAt === 0);
}
