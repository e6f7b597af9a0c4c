/**
 * Sending to groups, through the same outbox as all messages: encrypted with the group's newest key, stored as an admin or
 * a member, and without copies for the own devices, which read the group themselves (docs/protocol/groups.md §7.1).
 *
 * @module
 */
import { type AbortOptions, SessionError, throwIfAborted } from "../../errors/index.js";
import { encodeGroupMessage, type OutgoingGroupMessage } from "../../groups/index.js";
import { isGroupId } from "../../identity/index.js";
import type { Expiration, OutgoingMessage, Profile } from "../../messages/index.js";
import { checkContent, type MessageContent } from "../content.js";
import type { ClientErrorCode } from "../errors.js";
import type { UploadSettings } from "../files.js";
import { ownProfile } from "../outbound.js";
import type { EncodedItem, MessageCodec } from "../ports.js";
import type { SendResult } from "../transmit.js";
import type { World } from "../world.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupWorld } from "./world.js";

/** How to send to a group. */
export interface GroupSendOptions extends AbortOptions, UploadSettings {}

/** Sends a text, files and so on. @throws as `Client.send`, `GROUP_NOT_JOINED`, `GROUP_PUSH_FAILED`, `POLL_FAILED` */
export async function sendToGroup(
  world: GroupWorld,
  group: LiveGroup,
  content: MessageContent,
  settings: GroupSendOptions = {},
): Promise<SendResult> {
  const { signal } = settings;
  const checked = checkContent(content, world);
  throwIfAborted(signal);
  const upload = world.files().uploading(checked, settings);
  const prepare = async (message: OutgoingMessage, aborted: AbortSignal): Promise<OutgoingMessage> => {
    await awaitKey(world, group, aborted);
    return upload === undefined ? message : upload(message, aborted);
  };
  return world.sender.send(
    group.id,
    { ...checked.message, ...groupFields(world, group) },
    { prepare, signal, sync: false },
  );
}

/**
 * Resolves when others can read what is written now. A key that is not in the swarm yet never gets there if another admin's
 * rekey overtakes it, and what was encrypted with it would stay closed.
 */
export async function awaitKey(
  world: Pick<GroupWorld, "poll">,
  group: LiveGroup,
  signal: AbortSignal,
): Promise<void> {
  if (group.state.keys.encryptionKey === undefined) await world.poll(group, { signal });
  if (group.state.keys.pending === undefined) return;
  await group.push({ signal }).catch((error: unknown) => {
    // What comes after the key may fail.
    if (group.state.keys.pending !== undefined) throw error;
  });
}

/** What a visible message to a group brings along: the own profile, and the group's timer. */
export function groupFields(
  world: World,
  group: LiveGroup,
): { readonly profile?: Profile; readonly expiration: Expiration } {
  const profile = ownProfile(world);
  const seconds = group.state.info.details.timerSeconds;
  return {
    ...(profile === undefined ? {} : { profile }),
    expiration: seconds === 0 ? { mode: "off", seconds } : { mode: "after-send", seconds },
  };
}

/** What encoding for groups works with. */
export type GroupCodecWorld = Pick<
  GroupWorld,
  "directory" | "account" | "crypto" | "compress" | "textLimit" | "poll" | "wake"
>;

/** A codec that knows groups besides people. */
export function withGroups(codec: MessageCodec, world: GroupCodecWorld): MessageCodec {
  return {
    ...codec,
    async ready(recipient, signal) {
      const group = world.directory.get(recipient);
      if (group === undefined) await codec.ready?.(recipient, signal);
      else await awaitKey(world, group, signal);
    },
    encode: (message, recipient, timestamp) =>
      isGroupId(recipient)
        ? encodeForGroup(world, world.directory.require(recipient), message, timestamp)
        : codec.encode(message, recipient, timestamp),
  };
}

/** @throws `GROUP_PUSH_FAILED` while the key that would be used may never get to the swarm; the codes of the encoder */
function encodeForGroup(
  { account, crypto, compress, textLimit, wake }: GroupCodecWorld,
  group: LiveGroup,
  message: OutgoingMessage,
  timestamp: number,
): EncodedItem {
  const { keys } = group.state;
  if (keys.pending !== undefined) {
    wake(group);
    throw new SessionError<ClientErrorCode>("GROUP_PUSH_FAILED", "the group's key is not in its swarm yet", {
      details: { group: group.id },
    });
  }
  const context = { sender: account, keys, timestamp, textLimit, compress, crypto };
  const { namespace, data, ttl } = encodeGroupMessage(message as OutgoingGroupMessage, context);
  return { namespace, data, ttl, auth: group.auth };
}
