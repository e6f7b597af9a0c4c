/**
 * Posting a message that is ready, and looking for it on its server.
 *
 * @module
 */
import { bytesToBase64, equalBytes } from "../../bytes/index.js";
import {
  type CommunityServer,
  outbox,
  type PostedMessage,
  postMessage,
  postToInbox,
  recentMessages,
} from "../../communities/index.js";
import type { BlindedId } from "../../identity/index.js";
import type { PostRecord } from "../../store/index.js";

/** What a server made of a message. */
export type Posted = Omit<PostedMessage, "seqno"> & { readonly seqno?: number | undefined };

/** Messages looked through for one that may have been posted. */
const LOOK_BACK = 256;

/** Posts a message. */
export async function runPost(
  connection: CommunityServer,
  record: PostRecord,
  signal: AbortSignal,
): Promise<Posted> {
  if (record.kind === "room") {
    const { token, whisperTo, whisperMods } = record;
    return await connection.run(postMessage(token, record, { whisperTo, whisperMods }), { signal });
  }
  const { recipient, encrypted } = record;
  const { id, timestamp } = await connection.run(postToInbox(recipient as BlindedId, encrypted), { signal });
  return { id, timestamp, filtered: false };
}

/** Looks for a message on its server. */
export async function findPost(
  connection: CommunityServer,
  record: PostRecord,
  signal: AbortSignal,
): Promise<Posted | undefined> {
  if (record.kind === "direct") {
    const { items } = await connection.run(outbox({ limit: LOOK_BACK }), { signal });
    const item = items.find(({ message }) => equalBytes(message, record.encrypted));
    return item && { id: item.id, timestamp: item.timestamp, filtered: false };
  }
  const { updates, rows } = await connection.run(recentMessages(record.token, { limit: LOOK_BACK }), {
    signal,
  });
  const mark = markOf(record);
  const index = rows.findIndex((row) => {
    const { signature } = row as { readonly signature?: unknown };
    return typeof signature === "string" && unpadded(signature) === mark;
  });
  const update = updates[index];
  if (update?.kind !== "message") return undefined;
  const { id, seqno, timestamp } = update.message;
  return { id, seqno, timestamp, filtered: false };
}

/** What a message is found by: its signature or ciphertext, base64. */
export function markOf(record: PostRecord): string {
  return unpadded(bytesToBase64(record.kind === "room" ? record.signature : record.encrypted));
}

/** Base64 as marks have it. */
export const unpadded = (base64: string): string => base64.replace(/=+$/, "");
