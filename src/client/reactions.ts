/**
 * Reactions (docs/protocol/messages.md §6.4).
 *
 * @module
 */
import { type AbortOptions, SessionError } from "../errors/index.js";
import type { GroupId, SessionId } from "../identity/index.js";
import { MAX_EMOJI_LENGTH } from "../messages/index.js";
import type { ClientErrorCode } from "./errors.js";
import { approving, visibleFields } from "./outbound.js";
import { checkPersonOrGroup, checkTarget, invalidArgument, type MessageTarget } from "./targets.js";
import type { SendResult } from "./transmit.js";
import type { SendingWorld } from "./world.js";

/** The apps send no more reactions than this … */
const MAX_REACTIONS = 20;
/** … in this time, ms. */
const WINDOW_MS = 60_000;

/** What reacting works with. */
export interface ReactionsWorld extends SendingWorld {
  /** What a visible message to a group brings along; undefined for a person's id. @throws `GROUP_NOT_JOINED` */
  readonly groupFields: (id: SessionId | GroupId) => ReturnType<typeof visibleFields> | undefined;
}

/** Sends reactions to people and groups, not too many. */
export class Reactions {
  readonly #world: ReactionsWorld;
  /** When the last ones were sent, network ms. */
  #sentAt: number[] = [];

  constructor(world: ReactionsWorld) {
    this.#world = world;
  }

  /** @throws `INVALID_ARGUMENT`, `RATE_LIMITED` with `retryAfterMs`, those of sending */
  async send(
    message: MessageTarget,
    emoji: string,
    action: "add" | "remove",
    { signal }: AbortOptions,
  ): Promise<SendResult> {
    const world = this.#world;
    const { conversation, author, timestamp } = checkTarget(message, world.self, checkPersonOrGroup);
    if (typeof emoji !== "string" || emoji.trim() === "" || emoji.length > MAX_EMOJI_LENGTH)
      throw invalidArgument("a reaction is an emoji");
    const ofGroup = world.groupFields(conversation);
    const companions = ofGroup === undefined ? approving(world, conversation) : undefined;
    const fields = ofGroup ?? visibleFields(world, conversation);
    this.#count();
    const target = { author, timestamp };
    const reaction = { kind: "reaction", target, emoji, action } as const;
    return world.sender.send(conversation, { ...reaction, ...fields }, { companions, signal });
  }

  #count(): void {
    const now = this.#world.clock.now();
    this.#sentAt = this.#sentAt.filter((at) => at > now - WINDOW_MS);
    const [first] = this.#sentAt;
    if (this.#sentAt.length >= MAX_REACTIONS && first !== undefined) {
      throw new SessionError<ClientErrorCode>("RATE_LIMITED", "too many reactions in a minute", {
        details: { limit: MAX_REACTIONS, windowMs: WINDOW_MS, retryAfterMs: first + WINDOW_MS - now },
      });
    }
    this.#sentAt.push(now);
  }
}
