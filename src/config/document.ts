/**
 * The current version of a config: a finished message, or a draft that follows one (docs/protocol/config.md §5).
 *
 * ```text
 *           change                push                 confirm
 * clean ────────────▶ dirty ────────────▶ waiting ────────────▶ clean
 *                       ▲      change        │
 *                       └────────────────────┘
 * ```
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { type ConfigDict, type ConfigPath, type ConfigValue, Editor, pruned } from "./data.js";
import type { ConfigState } from "./dump.js";
import { type ConfigDraft, type ConfigMessage, type ConfigSign, finishDraft, nextDraft } from "./message.js";

export class ConfigDocument {
  #message: ConfigMessage;
  #draft: ConfigDraft | undefined;
  #waiting: boolean;
  /** Makes copies of what a snapshot or a message holds before changing it. */
  #editor: Editor = new Editor();

  constructor(message: ConfigMessage, state: ConfigState) {
    this.#message = message;
    this.#waiting = state === "waiting";
    // A draft was dumped as a message, so it takes up a number of its own when it goes on.
    if (state === "dirty") this.#draft = nextDraft(message);
  }

  get state(): ConfigState {
    return this.#draft !== undefined ? "dirty" : this.#waiting ? "waiting" : "clean";
  }

  get seqno(): bigint {
    return this.#draft?.seqno ?? this.#message.seqno;
  }

  /** The data as it is now. Not to be held: it changes. */
  get root(): ConfigDict {
    return this.#draft?.data ?? this.#message.data;
  }

  /** The data as it is now, safe from later changes. */
  snapshot(): ConfigDict {
    this.#editor = new Editor();
    return pruned(this.root);
  }

  /** Starts a new version, unless one is started already. */
  startDraft(): void {
    this.#draft ??= nextDraft(this.#message);
  }

  /** Changes the draft. `undefined` removes the value. */
  write(path: ConfigPath, value: ConfigValue | undefined): void {
    this.startDraft();
    const draft = this.#draft as ConfigDraft;
    const data =
      value === undefined ? this.#editor.delete(draft.data, path) : this.#editor.set(draft.data, path, value);
    this.#draft = { ...draft, data };
  }

  /** The current version as a message; a draft stays a draft. */
  finished(sign: ConfigSign | undefined, crypto: Crypto): ConfigMessage {
    return this.#draft === undefined ? this.#message : finishDraft(this.#draft, { sign, crypto });
  }

  /** Turns the draft into the message that was made of it. */
  close(message: ConfigMessage): void {
    if (this.#draft === undefined) return;
    this.#message = message;
    this.#draft = undefined;
    this.#waiting = true;
    this.#editor = new Editor();
  }

  confirm(): void {
    this.#waiting = false;
  }

  /** Goes on from a message of another device. */
  adopt(message: ConfigMessage): void {
    this.#message = message;
    this.#draft = undefined;
    this.#waiting = false;
  }

  /** Goes on from a merge, which is to be pushed. */
  adoptDraft(draft: ConfigDraft): void {
    this.#draft = draft;
    this.#waiting = false;
    this.#editor = new Editor();
  }
}
