/** Counts checks and prints one line a difference. */
export class Report {
  readonly #exceptions: Readonly<Record<string, string>>;
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** @param exceptions - deliberate differences: reason by transcript id */
  constructor(exceptions: Readonly<Record<string, string>>) {
    this.#exceptions = exceptions;
  }

  /** Counts one check; it passed when there is no difference. */
  check(file: string, id: string, differences: readonly string[]): void {
    const reason = this.#exceptions[id];
    if (differences.length === 0) this.#passed++;
    else if (reason !== undefined) {
      this.#skipped++;
      console.log(`SKIP ${file} | ${id} | ${reason}`);
    } else {
      this.#failed++;
      for (const difference of differences) console.log(`FAIL ${file} | ${id} | ${difference}`);
    }
  }

  /** Prints the last line; the exit code. */
  finish(): number {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : "";
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`);
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/** A value short enough for one line. */
export function show(value: unknown): string {
  const text =
    typeof value === "string"
      ? value
      : (JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item)) ??
        String(value));
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
