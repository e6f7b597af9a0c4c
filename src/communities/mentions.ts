/**
 * Mentions: an id after an `@` in the text, which apps show as a name.
 *
 * @module
 */
import { isBlindedId, isSessionId } from "../identity/index.js";
import type { CommunityUserId } from "./read.js";

/** The text that mentions somebody, by the id that the community shows. */
export function mention(id: CommunityUserId): string {
  return `@${id}`;
}

/** Who is mentioned in a text, each once, in the order of the text. */
export function findMentions(text: string): readonly CommunityUserId[] {
  const ids = [...text.matchAll(/@((?:05|15|25)[0-9a-f]{64})(?![0-9a-f])/gi)].map(([, id = ""]) =>
    id.toLowerCase(),
  );
  return [...new Set(ids)].filter((id): id is CommunityUserId => isSessionId(id) || isBlindedId(id));
}
