/**
 * A typed event emitter: names and payloads from one interface, listeners called at once and in order.
 *
 * @module
 */

/**
 * Events of one object. A listener that throws stops neither the others nor the emitting code: its error goes to
 * `onError`, or is thrown from a microtask of its own, as `EventTarget` does.
 *
 * @typeParam Events - event names and the type of each one's payload
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void = throwLater) {
    this.#onError = onError;
  }

  /** Calls `listener` for each event of this name. Returns a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    // A wrapper, so that a function that listens twice is called twice and removed once.
    const entry = (event: Events[Name]): void => listener(event);
    listeners.add(entry);
    return () => {
      listeners.delete(entry);
    };
  }

  /** Tells every listener. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
