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

/** Median nanoseconds of one call. */
async function median(task: () => unknown): Promise<number> {
  const stats = await measure(() => do_not_optimize(task()), { min_cpu_time: 400e6, warmup_samples: 20 });
  return stats.p50;
}

const micros = (ns: number): string => (ns / 1000).toFixed(ns < 100_000 ? 1 : 0).padStart(9);
const backends: readonly Crypto[] = [nodeCrypto, portableCrypto, sumoCrypto];

console.log(`${"µs per call (median)".padEnd(34)}     node  portable      sumo   sumo/node  at least`);
let failed = false;
for (const { name, prepare, target } of tasks) {
  const times: number[] = [];
  for (const crypto of backends) times.push(await median(prepare(crypto)));
  const [node = 0, portable = 0, sumo = 0] = times;
  const ratio = sumo / node;
  failed ||= ratio < target;
  console.log(
    `${name.padEnd(34)}${micros(node)} ${micros(portable)} ${micros(sumo)} ${`${ratio.toFixed(2)}x`.padStart(10)} ${`${target}x`.padStart(9)}${ratio < target ? "  BELOW" : ""}`,
  );
}
process.exitCode = failed ? 1 : 0;
