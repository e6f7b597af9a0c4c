/**
 * Somebody known from a community only, under a blinded id (docs/protocol/config.md §15, root key `b`).
 *
 * @module
 */
import { type BlindedId, isBlindedId } from "../identity/index.js";
import type { ProfilePicture } from "../messages/index.js";
import { asDict, changedKeys, joinChanges, mapChanges } from "./changes.js";
import { checkBits, checkName, checkPicture, checkPriority, checkSeconds } from "./checks.js";
import type { CommunityServer } from "./community-address.js";
import { type ConfigDict, valueAt } from "./data.js";
import {
  type Entry,
  put,
  putBits,
  putFlag,
  putNonzero,
  putPicture,
  putPositive,
  readBits,
  readFlag,
  readName,
  readNumber,
  readPicture,
  readSeconds,
  settleName,
  settleNonzero,
  settlePicture,
  settleSeconds,
  textToBinary,
} from "./fields.js";
import type { ListChanges } from "./types.js";

/** What can be changed. Times are unix seconds, 0 for none. */
export interface BlindedContactFields {
  readonly name: string;
  readonly picture: ProfilePicture | undefined;
  readonly profileUpdated: number;
  readonly priority: number;
  readonly created: number;
  readonly features: readonly number[];
}

export interface BlindedContact extends BlindedContactFields {
  readonly id: BlindedId;
  readonly server: CommunityServer;
}

export type BlindedContactChange = Partial<BlindedContactFields>;

/** @param key - the id without its prefix */
export function readBlindedContact(
  key: string,
  dict: ConfigDict,
  { baseUrl, publicKey }: CommunityServer,
): BlindedContact | undefined {
  const id = idOf(key, dict);
  if (id === undefined) return undefined;
  return {
    id,
    server: { baseUrl, publicKey },
    name: readName(dict, "n"),
    picture: readPicture(dict, "p", "q"),
    profileUpdated: readSeconds(dict, "t"),
    priority: readNumber(dict, "+"),
    created: readSeconds(dict, "j"),
    features: readBits(dict, "f"),
  };
}

/** @throws `CONFIG_VALUE_INVALID` */
export function writeBlindedContact(dict: ConfigDict, id: BlindedId, change: BlindedContactChange): Entry {
  const entry: Entry = new Map(dict);
  settleName(entry, "n", true);
  settlePicture(entry, "p", "q");
  settleNonzero(entry, "+");
  for (const key of ["t", "j"]) settleSeconds(entry, key);
  // The prefix is not in the key; this says which one it is.
  putFlag(entry, "y", id.startsWith("15"));
  const { name, profileUpdated, priority, created, features } = change;
  if (name !== undefined) put(entry, "n", textToBinary(checkName("name", name)));
  if ("picture" in change) putPicture(entry, "p", "q", change.picture && checkPicture(change.picture));
  if (profileUpdated !== undefined) putPositive(entry, "t", checkSeconds("profileUpdated", profileUpdated));
  if (priority !== undefined) putNonzero(entry, "+", checkPriority(priority));
  if (created !== undefined) putPositive(entry, "j", checkSeconds("created", created));
  if (features !== undefined) putBits(entry, "f", checkBits("features", features));
  return entry;
}

/** What differs between two versions of all of them. */
export function blindedChanges(before: ConfigDict, after: ConfigDict): ListChanges<BlindedId> {
  const servers = new Set([before, after].flatMap((dict) => [...asDict(dict.get("b")).keys()]));
  return joinChanges(
    [...servers].map((baseUrl) => {
      const path = ["b", baseUrl, "R"];
      const entryOf = (key: string): ConfigDict => {
        const entry = valueAt(after, [...path, key]) ?? valueAt(before, [...path, key]);
        return asDict(entry);
      };
      return mapChanges(changedKeys(before, after, path), (key) => idOf(key, entryOf(key)));
    }),
  );
}

function idOf(key: string, dict: ConfigDict): BlindedId | undefined {
  const id = `${readFlag(dict, "y") ? "15" : "25"}${key}`;
  return isBlindedId(id) ? id : undefined;
}
