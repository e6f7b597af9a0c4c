/**
 * `npm run bench:groups`: what groups cost, and what each further member costs, with both backends and with the same
 * steps on `libsodium-wrappers-sumo`, in one run: processor time, the best of some rounds that take turns.
 */
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import {
  decodeGroupMessage,
  encodeGroupMessage,
  GroupKeys,
  groupIdOf,
  groupKeyFromSeed,
} from "session-messenger-sdk/groups";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import { sumoCrypto } from "../test/support/sumo.js";

const SIZES = [10, 50, 100] as const;
const MESSAGES = 1000;
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);
const SHORTEST_MS = 40;
/** The alternative must take this many times as long as ours to decrypt. */
const TARGET = 1.5;
const NOW = 1_764_000_000_000;
const backends: readonly Crypto[] = [nodeCrypto, portableCrypto, sumoCrypto];

const account = (index: number): Account => accountFromSeed(new Uint8Array(16).fill(index), nodeCrypto);
const accounts = Array.from({ length: Math.max(...SIZES) }, (_, i) => account(i + 1));
const group = groupKeyFromSeed(new Uint8Array(32).fill(0x60), undefined, nodeCrypto);
const groupId = groupIdOf(group.publicKey);
/** In the list, so that the work to find the own entry is that of an average member. */
const member = accounts[5] as Account;

/** What one backend does, prepared; each piece of work is run once a round. */
interface Work {
  readonly name: string;
  /** Of how many things the time is the sum. */
  readonly count: number;
  readonly unit: string;
  readonly run: () => void;
}

function works(crypto: Crypto): readonly Work[] {
  const members = (size: number): readonly Account["sessionId"][] =>
    accounts.slice(0, size).map(({ sessionId }) => sessionId);
  const admin = (): GroupKeys =>
    new GroupKeys({ groupId, account: account(200), seed: group.secretKey, crypto });
  const keysMessage = (size: number): Uint8Array => admin().rekey(members(size)).message;
  const rekeys = SIZES.map((size) => ({
    name: `rekey of ${size} members`,
    count: size,
    unit: "member",
    run: () => void admin().rekey(members(size)),
  }));
  const loads = SIZES.map((size) => {
    const data = keysMessage(size);
    return {
      name: `load of it by a member, ${size} members`,
      count: size,
      unit: "member",
      run: () => {
        const keys = new GroupKeys({ groupId, account: member, crypto });
        if (!keys.load({ data, hash: "h", timestamp: NOW }).found) throw new Error("the member found no key");
      },
    };
  });
  const keys = new GroupKeys({ groupId, account: member, crypto });
  keys.load({ data: keysMessage(100), hash: "h", timestamp: NOW });
  const decrypts = SIZES.map((size) => {
    // One thousand messages of as many authors as the group has members.
    const items = Array.from({ length: MESSAGES }, (_, i) =>
      encodeGroupMessage(
        { kind: "text", text: `message ${i}: ${"as long as people write ".repeat(4)}` },
        { sender: accounts[i % size] as Account, keys, timestamp: NOW + i, crypto: nodeCrypto },
      ),
    );
    return {
      name: `${MESSAGES} messages, ${size} authors`,
      count: MESSAGES,
      unit: "message",
      run: () => {
        for (const { data } of items) {
          const result = decodeGroupMessage({ data }, { account: member, keys, now: NOW, crypto });
          if (result.kind !== "message") throw new Error(`the message was ${result.kind}`);
        }
      },
    };
  });
  return [...rekeys, ...loads, ...decrypts];
}

/** Milliseconds of processor time of one call; short work is repeated, so that the clock's grain does not decide. */
function timed(run: () => void): number {
  const start = process.cpuUsage();
  for (let calls = 1; ; calls++) {
    run();
    const { user, system } = process.cpuUsage(start);
    const spent = (user + system) / 1000;
    if (spent > SHORTEST_MS) return spent / calls;
  }
}

const prepared = backends.map(works);
const best = prepared.map((list) => list.map(() => Number.POSITIVE_INFINITY));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [backend, list] of prepared.entries()) {
    for (const [index, { run }] of list.entries()) {
      const time = timed(run);
      const row = best[backend] as number[];
      // The first round warms up.
      if (round > 0) row[index] = Math.min(row[index] as number, time);
    }
  }
}

const cell = (text: string): string => text.padStart(11);
console.log(
  `${"ms (µs each)".padEnd(36)}${backends.map(({ name }) => cell(name) + " ".repeat(9)).join("")}  sumo/node`,
);
let failed = false;
for (const [index, { name, count, unit }] of (prepared[0] as readonly Work[]).entries()) {
  const times = best.map((row) => row[index] as number);
  const [node = 1, , sumo = 0] = times;
  const isHeld = unit === "message";
  const isBelow = isHeld && sumo / node < TARGET;
  failed ||= isBelow;
  const columns = times.map(
    (ms) => `${cell(ms.toFixed(2))}${`(${((ms * 1000) / count).toFixed(1)})`.padStart(9)}`,
  );
  const target = isHeld ? `  at least ${TARGET}x${isBelow ? "  BELOW" : ""}` : "";
  console.log(
    `${name.padEnd(36)}${columns.join("")} ${`${(sumo / node).toFixed(2)}x`.padStart(10)}${target}`,
  );
}
process.exitCode = failed ? 1 : 0;
