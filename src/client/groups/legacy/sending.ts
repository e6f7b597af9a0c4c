/**
 * Sending to legacy groups, through the same outbox as all messages (docs/protocol/legacy-groups.md §2, §5). Without
 * copies for the own devices, which read the group themselves.
 *
 * @module
 */
import type { Crypto } from "../../../crypto/index.js";
import { type AbortOptions, throwIfAborted } from "../../../errors/index.js";
import {
  applyLegacyControl,
  decodeLegacyControl,
  encodeLegacyControl,
  encodeLegacyGroupMessage,
  LEGACY_GROUP_NAMESPACE,
  type LegacyControl,
  type LegacyGroupState,
  type LegacyRefusal,
} from "../../../groups/index.js";
import type { Account, SessionId } from "../../../identity/index.js";
import {
  buildContent,
  type Expiration,
  messageTtl,
  type OutgoingMessage,
  type Profile,
} from "../../../messages/index.js";
import type { StoreBatch } from "../../../store/index.js";
import { checkContent, type MessageContent } from "../../content.js";
import type { UploadSettings } from "../../files.js";
import { ownProfile } from "../../outbound.js";
import type { MessageCodec } from "../../ports.js";
import type { Companions } from "../../sender.js";
import { invalidArgument } from "../../targets.js";
import type { SendResult, SentNote } from "../../transmit.js";
import type { World } from "../../world.js";
import type { LegacyDirectory } from "./directory.js";
import type { LegacyWorld } from "./world.js";

/** What can be sent to a legacy group. */
const KINDS: ReadonlySet<OutgoingMessage["kind"]> = /* @__PURE__ */ new Set<OutgoingMessage["kind"]>([
  "text",
  "reaction",
  "unsend",
  "legacy-group",
]);

/** What encoding for legacy groups works with. */
export interface LegacyCodecWorld {
  readonly legacy: LegacyDirectory;
  readonly account: Account;
  readonly crypto: Crypto;
  readonly textLimit: number;
}

/** A codec that knows legacy groups besides people. */
export function withLegacyGroups(codec: MessageCodec, world: LegacyCodecWorld): MessageCodec {
  const { legacy, account: sender, crypto, textLimit } = world;
  return {
    ...codec,
    encode(message, recipient, timestamp) {
      if (legacy.get(recipient) === undefined) return codec.encode(message, recipient, timestamp);
      if (!KINDS.has(message.kind)) throw invalidArgument("legacy groups know no such message");
      const { groupId, keyPairs } = legacy.require(recipient).state;
      const [pair] = keyPairs;
      // A group that the account is in has one.
      if (pair === undefined) throw new TypeError("the group has no encryption pair");
      const content = buildContent(message, { timestamp, textLimit });
      const context = { groupId, encryptionKey: pair.publicKey, sender, timestamp, crypto };
      return {
        namespace: LEGACY_GROUP_NAMESPACE,
        data: encodeLegacyGroupMessage(content, context),
        ttl: messageTtl(message, "recipient"),
      };
    },
  };
}

/** Sends a text, files and so on. @throws as `Client.send`, `GROUP_NOT_JOINED` */
export async function sendToLegacyGroup(
  world: LegacyWorld,
  id: string,
  content: MessageContent,
  settings: AbortOptions & UploadSettings = {},
): Promise<SendResult> {
  const { state } = world.legacy.require(id);
  const checked = checkContent(content, world);
  throwIfAborted(settings.signal);
  const prepare = world.files().uploading(checked, settings);
  const message = { ...checked.message, ...legacyFields(world, state) };
  return world.sender.send(state.groupId, message, { prepare, signal: settings.signal, sync: false });
}

/** What a visible message to a legacy group brings along: the own profile, and the group's timer. */
export function legacyFields(
  world: World,
  { timerSeconds: seconds }: LegacyGroupState,
): { readonly profile?: Profile; readonly expiration: Expiration } {
  const profile = ownProfile(world);
  return {
    ...(profile === undefined ? {} : { profile }),
    expiration:
      seconds === 0 ? ({ mode: "off", seconds } as const) : ({ mode: "after-send", seconds } as const),
  };
}

/**
 * Sends a control message to a group, or to one member. What it says holds for this account when it is sent, a program that
 * ends in between included: see {@link noteLegacySent}.
 */
export async function sendControl(
  { sender }: LegacyWorld,
  to: SessionId,
  control: LegacyControl,
  { signal, companions = {} }: AbortOptions & { readonly companions?: Companions } = {},
): Promise<void> {
  const message = { kind: "legacy-group", control: encodeLegacyControl(control) } as const;
  await sender.send(to, message, { signal, sync: false, companions: () => companions });
}

/** Does what a control message to a group says, in the batch that takes it out of the outbox. */
export function noteLegacySent(
  world: Omit<LegacyWorld, "sender">,
  batch: StoreBatch,
  { to, message, timestamp }: SentNote,
): void {
  if (message.kind !== "legacy-group" || world.legacy.get(to) === undefined) return;
  const control = decodeLegacyControl(message.control, world.crypto);
  if (control !== undefined) applyControl(world, batch, to, { control, from: world.self, timestamp });
}

/** A control message with its sender. */
export interface SentControl {
  readonly control: LegacyControl;
  readonly from: SessionId;
  readonly timestamp: number;
}

/** Does what a control message says; returns why not, if not. What is then to be done is noted. */
export function applyControl(
  { legacy, account, contacts, crypto, self }: Omit<LegacyWorld, "sender">,
  batch: StoreBatch,
  id: string,
  { control, from, timestamp }: SentControl,
): LegacyRefusal | undefined {
  const entry = legacy.get(id);
  const isApproved = (person: SessionId): boolean => {
    const contact = contacts.get(person);
    return contact?.approved === true && !contact.blocked;
  };
  const step = applyLegacyControl(entry?.state, control, { account, from, timestamp, isApproved, crypto });
  if (step.kind === "refused") return step.reason;
  const isOwn = from === self;
  const { added = [] } = step;
  // Whoever had left lacks the new pair.
  const state = isOwn && control.kind === "key-pair" ? { ...step.group, zombies: [] } : step.group;
  legacy.put(batch, state, {
    // Who adds members tells them; who removes some hands out a new pair.
    ...(isOwn && added.length > 0 ? { toInvite: [...new Set([...(entry?.toInvite ?? []), ...added])] } : {}),
    ...(isOwn && control.kind === "removed" ? { toRotate: true } : {}),
  });
  return undefined;
}
