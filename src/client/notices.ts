/**
 * Notices about a conversation: its timer, and media that was saved (docs/protocol/messages.md §§6.9 and 8).
 *
 * @module
 */
import type { AbortOptions } from "../errors/index.js";
import { EXPIRATION_OFF, type Expiration } from "../messages/index.js";
import { changeContact, STRANGER } from "./contact-state.js";
import { approving, mayNotify, timerOf } from "./outbound.js";
import type { Companions } from "./sender.js";
import { checkRecipient, checkTarget, invalidArgument, type MessageTarget } from "./targets.js";
import type { SendResult } from "./transmit.js";
import type { SendingWorld } from "./world.js";

/** When messages disappear: so many seconds after they were read, or sent; or never. */
export type DisappearingSetting =
  | "off"
  | { readonly mode: "after-read" | "after-send"; readonly seconds: number }
  | Expiration;

/** Swarms keep nothing for longer, so that no timer of the apps is. */
const MAX_SECONDS = 1_209_600;

/**
 * Changes when own messages to `to` disappear, and tells them and the own devices.
 *
 * @throws `INVALID_ARGUMENT`, `ID_INVALID`, `CONTACT_BLOCKED`, those of sending
 */
export async function setDisappearing(
  world: SendingWorld,
  to: string,
  setting: DisappearingSetting,
  { signal }: AbortOptions,
): Promise<SendResult> {
  const conversation = checkRecipient(to);
  const timer = checkSetting(setting, conversation === world.self);
  const { timer: before, timerSetAt } = world.contacts.get(conversation) ?? STRANGER;
  const approve = approving(world, conversation);
  const companions = (): Companions => {
    const { prelude, also, undo } = approve();
    return {
      prelude,
      also(batch) {
        also?.(batch);
        changeContact(world, batch, conversation, { timer, timerSetAt: world.clock.now() });
      },
      undo(batch) {
        undo?.(batch);
        changeContact(world, batch, conversation, { timer: before, timerSetAt });
      },
    };
  };
  const message = { kind: "timer-update", expiration: timer } as const;
  return world.sender.send(conversation, message, { signal, companions });
}

function checkSetting(setting: DisappearingSetting, toSelf: boolean): Expiration {
  if (setting === "off") return EXPIRATION_OFF;
  if (typeof setting !== "object" || setting === null) throw invalidArgument("the timer is not an object");
  const { mode, seconds } = setting;
  if (mode === "off") return EXPIRATION_OFF;
  if (mode !== "after-read" && mode !== "after-send") throw invalidArgument("the timer has no valid mode");
  if (!Number.isSafeInteger(seconds) || seconds <= 0 || seconds > MAX_SECONDS)
    throw invalidArgument("the timer is not a number of seconds up to two weeks", { max: MAX_SECONDS });
  if (toSelf && mode === "after-read") throw invalidArgument("notes to self disappear after sending only");
  return { mode, seconds };
}

/**
 * Tells the other party that media of a message was saved, or the screen recorded. Nothing is sent unless they are
 * accepted.
 *
 * @param subject - the message with the media, or the conversation
 */
export async function notifyExtraction(
  world: SendingWorld,
  extraction: "media-saved" | "screenshot",
  subject: MessageTarget | string,
  { signal }: AbortOptions,
): Promise<SendResult | undefined> {
  const target = typeof subject === "string" ? undefined : checkTarget(subject, world.self);
  const conversation = target?.conversation ?? checkRecipient(subject);
  if (!mayNotify(world, conversation) || target?.author === world.self) return undefined;
  return world.sender.send(
    conversation,
    {
      kind: "data-extraction",
      extraction,
      target: target?.timestamp,
      expiration: timerOf(world, conversation),
    },
    { signal, queue: false },
  );
}
