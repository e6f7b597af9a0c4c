/**
 * `client.typing`: telling that one types (docs/protocol/messages.md §6.6).
 *
 * @module
 */
import { asSessionError } from "./errors.js";
import { mayNotify } from "./outbound.js";
import { checkRecipient } from "./targets.js";
import type { SendingWorld } from "./world.js";

/** An indicator is renewed, and ends without a further keystroke, after this, ms. */
const PAUSE_MS = 10_000;

interface Running {
  /** When it was last sent, network ms. */
  sentAt: number;
  silence: unknown;
}

/** See the module's description. */
export class Typing {
  readonly #world: SendingWorld;
  readonly #running = new Map<string, Running>();

  /** @internal */
  constructor(world: SendingWorld) {
    this.#world = world;
  }

  /**
   * Call it with every keystroke, or when a bot begins to think: the indicator is sent at once, again after 10 s at the
   * earliest, and ends after 10 s without a call, or with a message.
   *
   * @returns whether an indicator is shown: not when the switch is off, nor to people that are blocked or not accepted
   * @throws `ID_INVALID`
   */
  start(to: string): boolean {
    const { settings, timers, clock } = this.#world;
    const id = checkRecipient(to);
    if (!settings.typing || !mayNotify(this.#world, id)) return false;
    const running = this.#running.get(id) ?? { sentAt: Number.NEGATIVE_INFINITY, silence: undefined };
    timers.clearTimeout(running.silence);
    running.silence = timers.setTimeout(() => this.stop(id), PAUSE_MS);
    this.#running.set(id, running);
    if (clock.now() - running.sentAt >= PAUSE_MS) {
      running.sentAt = clock.now();
      this.#send(id, true);
    }
    return true;
  }

  /** Ends the indicator. */
  stop(to: string): void {
    if (this.#end(to)) this.#send(to, false);
  }

  /** A message went to `to`: it ends the indicator there by itself. @internal */
  sent(to: string): void {
    this.#end(to);
  }

  /** Ends all indicators here; those of the others end by themselves. @internal */
  close(): void {
    for (const to of [...this.#running.keys()]) this.#end(to);
  }

  #end(to: string): boolean {
    this.#world.timers.clearTimeout(this.#running.get(to)?.silence);
    return this.#running.delete(to);
  }

  #send(to: string, typing: boolean): void {
    const { sender, log } = this.#world;
    sender.send(to, { kind: "typing", typing }, { queue: false }).catch((error: unknown) => {
      // Nobody misses it, and it is over when a second attempt could be made.
      log.debug("a typing indicator was not sent", { error: asSessionError(error, "SEND_FAILED", "failed") });
    });
  }
}
