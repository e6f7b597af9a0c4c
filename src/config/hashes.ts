/**
 * Storage hashes of one config: of the current version, and of those that it replaces (docs/protocol/config.md §11).
 *
 * @module
 */
export class ConfigHashes {
  readonly #current: Set<string>;
  readonly #obsolete: Set<string>;

  constructor(current: readonly string[] = [], obsolete: readonly string[] = []) {
    this.#current = new Set(current);
    this.#obsolete = new Set(obsolete);
  }

  get current(): readonly string[] {
    return [...this.#current];
  }

  get obsolete(): readonly string[] {
    return [...this.#obsolete];
  }

  /** Makes these the hashes of the current version, which are never obsolete. */
  setCurrent(hashes: readonly string[]): void {
    this.#current.clear();
    for (const hash of hashes) {
      this.#current.add(hash);
      this.#obsolete.delete(hash);
    }
  }

  /** Makes the hashes of the current version obsolete: there is a newer one. */
  retireCurrent(): void {
    this.retire(this.current);
    this.#current.clear();
  }

  retire(hashes: readonly string[]): void {
    for (const hash of hashes) this.#obsolete.add(hash);
  }

  /** The obsolete ones, which are forgotten here. */
  takeObsolete(): readonly string[] {
    const taken = this.obsolete;
    this.#obsolete.clear();
    return taken;
  }
}
