/**
 * Writing to somebody whose blinded id is all that is known: the first contact (docs/protocol/communities.md §11).
 *
 * @module
 */
import { sealDirectMessage } from "../../communities/index.js";
import type { AbortOptions } from "../../errors/index.js";
import { type BlindedId, isSessionId, parseBlindedId } from "../../identity/index.js";
import type { OutgoingText } from "../../messages/index.js";
import { whileOpen } from "../abort.js";
import { checkContent, type MessageContent } from "../content.js";
import type { UploadSettings } from "../files.js";
import type { Blinded } from "./blinded.js";
import type { LiveServer, ServerWorld } from "./live-server.js";
import { asCommunityText } from "./outgoing.js";

/** A message that is with somebody's community server, or in their swarm if their Session ID is known. */
export interface DirectSent {
  /** The conversation: the blinded id, or the Session ID if that is known. */
  readonly to: string;
  /** Names the message. */
  readonly hash: string;
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** What writing works with. */
export interface DirectWorld extends ServerWorld {
  readonly blinded: Blinded;
}

/**
 * Writes to `to`: through the swarm if it is known whose id it is, else through the server.
 *
 * @throws `ID_INVALID`, `COMMUNITY_NOT_FOUND` for users that the server does not know, as a message to a room
 */
export async function sendDirect(
  world: DirectWorld,
  server: LiveServer,
  to: string,
  content: MessageContent,
  settings: AbortOptions & UploadSettings = {},
): Promise<DirectSent> {
  if (isSessionId(to)) return await world.sendToPerson(to, content, settings);
  const id = parseBlindedId(to);
  const known = await world.blinded.find(id, server);
  if (known !== undefined) return await world.sendToPerson(known, content, settings);
  return await whileOpen(world, settings, async (signal) => {
    const timestamp = world.sentTime();
    const encrypted = await seal(world, server, id, content, { ...settings, signal, timestamp });
    return await post(world, server, { recipient: id, encrypted, timestamp }, signal);
  });
}

async function seal(
  world: DirectWorld,
  { connection }: LiveServer,
  to: BlindedId,
  content: MessageContent,
  settings: UploadSettings & { readonly signal: AbortSignal; readonly timestamp: number },
): Promise<Uint8Array> {
  const { self, textLimit, files } = world;
  const { signal, timestamp } = settings;
  const checked = checkContent(content, { self, textLimit });
  const upload = files().uploading(checked, settings);
  const message = upload === undefined ? checked.message : await upload(checked.message, signal);
  const text = asCommunityText(world, { ...checked, message: message as OutgoingText });
  return await sealDirectMessage(connection, to, text, { signal, textLimit, timestamp });
}

async function post(
  world: DirectWorld,
  server: LiveServer,
  message: { readonly recipient: BlindedId; readonly encrypted: Uint8Array; readonly timestamp: number },
  signal: AbortSignal,
): Promise<DirectSent> {
  const { posts, blinded } = world;
  const { recipient } = message;
  const { baseUrl } = server;
  let isNew = false;
  const record = { kind: "direct", baseUrl, ...message } as const;
  const { id, timestamp } = await posts.post(server, record, {
    signal,
    also(batch) {
      isNew = blinded.remember(batch, recipient, server);
    },
    undo(batch) {
      if (isNew) blinded.forget(batch, recipient, server);
    },
  });
  const to = blinded.sessionIdOf(recipient) ?? recipient;
  return { to, hash: `${baseUrl}#direct.${id}`, timestamp };
}
