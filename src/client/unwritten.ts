/**
 * Values in memory that could not be written: what takes their place.
 *
 * Changes are made in memory at once and written one after the other, so that the next one is often built on one that is
 * still on its way. When that fails it is not the present value any more, and must not come back if the next one fails too.
 *
 * @module
 */

/** The values of one kind; each is an object of its own. */
export class Unwritten<T extends object> {
  readonly #former = new WeakMap<T, T | undefined>();

  /** `value` was not written. @returns the newest of those before it that was, or may yet be */
  add(value: T, former: T | undefined): T | undefined {
    this.#former.set(value, former);
    let found = former;
    while (found !== undefined && this.#former.has(found)) found = this.#former.get(found);
    return found;
  }
}
