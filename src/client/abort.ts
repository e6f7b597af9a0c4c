/**
 * Several abort signals as one.
 *
 * @module
 */

/** A signal that aborts with the first of its sources. Call `unlink` when it is not needed any more. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  unlink(): void;
}

/**
 * Links signals, with one listener for each source however many calls it is linked into: a client's lifetime goes into
 * every call, an app may give one signal to a hundred, and Node warns from eleven listeners on. Unlike with
 * `AbortSignal.any`, nothing stays attached to a long-lived source after `unlink`.
 */
export class SignalHub {
  readonly #sources = new Map<
    AbortSignal,
    { readonly linked: Set<AbortController>; readonly listener: () => void }
  >();

  link(...sources: ReadonlyArray<AbortSignal | undefined>): LinkedSignal {
    const controller = new AbortController();
    const present = sources.filter((source) => source !== undefined);
    for (const source of present) {
      if (source.aborted) controller.abort(source.reason);
      else this.#attach(source, controller);
    }
    return {
      signal: controller.signal,
      unlink: () => {
        for (const source of present) this.#detach(source, controller);
      },
    };
  }

  #attach(source: AbortSignal, controller: AbortController): void {
    let entry = this.#sources.get(source);
    if (entry === undefined) {
      const linked = new Set<AbortController>();
      const listener = (): void => {
        for (const each of [...linked]) each.abort(source.reason);
      };
      entry = { linked, listener };
      this.#sources.set(source, entry);
      source.addEventListener("abort", listener, { once: true });
    }
    entry.linked.add(controller);
  }

  #detach(source: AbortSignal, controller: AbortController): void {
    const entry = this.#sources.get(source);
    if (entry === undefined) return;
    entry.linked.delete(controller);
    if (entry.linked.size > 0) return;
    this.#sources.delete(source);
    source.removeEventListener("abort", entry.listener);
  }
}
