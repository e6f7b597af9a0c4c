/**
 * `npm run bench`: the library against the same work done with `libsodium-wrappers-sumo` (libsodium as WebAssembly,
 * what the existing JavaScript SDK uses), in one run. Ratios are the result; absolute times depend on the machine.
 *
 * The alternative runs the same steps through the same codecs with only the cryptography exchanged, so a ratio says
 * what the backend and the way it is called are worth.
 */
import { do_not_optimize, measure } from "mitata";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { sumoCrypto } from "../test/support/sumo.js";
import { tasks } from "./tasks.js";

const ROUNDS = 5;

/** Median nanoseconds of one call in each backend: the best of some rounds that take turns, so that noise hits all alike. */
async function medians(works: ReadonlyArray<() => unknown>): Promise<number[]> {
  const best = works.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, work] of works.entries()) {
      const { p50 } = await measure(() => do_not_optimize(work()), {
        min_cpu_time: 120e6,
        warmup_samples: 20,
      });
      best[index] = Math.min(best[index] ?? p50, p50);
    }
  }
  return best;
}

const micros = (ns: number): string => (ns / 1000).toFixed(ns < 100_000 ? 1 : 0).padStart(9);
const backends: readonly Crypto[] = [nodeCrypto, portableCrypto, sumoCrypto];

console.log(`${"µs per call".padEnd(36)}     node  portable      sumo  sumo/node  at least`);
let failed = false;
for (const { name, prepare, target } of tasks) {
  const [node = 0, portable = 0, sumo = 0] = await medians(backends.map((crypto) => prepare(crypto)));
  const ratio = sumo / node;
  failed ||= ratio < target;
  console.log(
    `${name.padEnd(36)}${micros(node)} ${micros(portable)} ${micros(sumo)} ${`${ratio.toFixed(2)}x`.padStart(10)} ${`${target}x`.padStart(9)}${ratio < target ? "  BELOW" : ""}`,
  );
}
process.exitCode = failed ? 1 : 0;
