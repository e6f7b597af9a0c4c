/** A promise with its ends in hand. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

/** Turns of the event loop in which nothing but this process has to get on. */
const EAGER_TURNS = 1_000;

/** Lets the world go on until `condition` holds; gives up long after anything should have happened. */
export async function until(condition: () => boolean, giveUpMs = 20_000): Promise<void> {
  const end = performance.now() + giveUpMs;
  for (let turn = 0; !condition(); turn++) {
    if (performance.now() > end) throw new Error("the condition did not come true");
    // What takes longer is done by others, who need the processor.
    await new Promise<void>((resolve) => {
      if (turn < EAGER_TURNS) setImmediate(resolve);
      else setTimeout(resolve, 5);
    });
  }
}
