/**
 * Sending what an app wrote to a person.
 *
 * @module
 */
import { type AbortOptions, throwIfAborted } from "../errors/index.js";
import { checkContent, type MessageContent } from "./content.js";
import type { Files, UploadSettings } from "./files.js";
import { approving, visibleFields } from "./outbound.js";
import { checkRecipient } from "./targets.js";
import type { SendResult } from "./transmit.js";
import type { SendingWorld } from "./world.js";

/** See `Client.send`. */
export async function sendToPerson(
  world: SendingWorld,
  files: Pick<Files, "uploading">,
  to: string,
  content: MessageContent,
  settings: AbortOptions & UploadSettings,
): Promise<SendResult> {
  const { signal } = settings;
  const recipient = checkRecipient(to);
  const checked = checkContent(content, world);
  throwIfAborted(signal);
  const prepare = files.uploading(checked, settings);
  const options = { companions: approving(world, recipient), prepare, signal };
  return world.sender.send(recipient, { ...checked.message, ...visibleFields(world, recipient) }, options);
}
