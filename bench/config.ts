/**
 * `npm run bench:config`: what configs cost. Merging a config of 1,000 contacts, and pushing one change of it, as contacts
 * grow: the work of a change must grow with what is serialised, not faster.
 */
import { do_not_optimize, measure } from "mitata";
import { Contacts, type StoredConfig } from "session-messenger-sdk/config";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { accountFromSeed } from "session-messenger-sdk/identity";

const SIZES = [100, 1000, 5000];
/** How much more a byte may cost in a large config than in a small one. */
const MAX_GROWTH = 2;

const compress = await loadCompressor();
const account = accountFromSeed(new Uint8Array(16).fill(1));
const options = { crypto: nodeCrypto, compress };

const id = (index: number): string =>
  `05${Buffer.from(nodeCrypto.sha256(Uint8Array.of(index & 255, index >> 8))).toString("hex")}`;

/** A config with contacts, confirmed. */
function contactsOf(count: number): { config: Contacts; stored: StoredConfig[] } {
  const config = new Contacts(account, options);
  for (let index = 0; index < count; index++) {
    config.set(id(index), {
      name: `Contact number ${index}`,
      approved: true,
      approvedMe: true,
      created: 1_700_000_000,
    });
  }
  return { config, stored: confirm(config) };
}

function confirm(config: Contacts): StoredConfig[] {
  const { seqno, messages } = config.push();
  const stored = messages.map((data, index) => ({ hash: `${seqno} ${index}`, data }));
  config.confirm(
    seqno,
    stored.map(({ hash }) => hash),
  );
  return stored;
}

async function median(task: () => unknown): Promise<number> {
  const { p50 } = await measure(() => do_not_optimize(task()), { min_cpu_time: 1e9, warmup_samples: 3 });
  return p50;
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(2)} ms`.padStart(10);
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);

console.log("contacts       merge  one change   one set     stored      plain   ns/byte");
const costs: number[] = [];
for (const count of SIZES) {
  const { config, stored } = contactsOf(count);
  const merge = await median(() => new Contacts(account, options).merge(stored));
  // One version more a run, as a device makes them.
  let turn = 0;
  const push = await median(() => {
    config.set(id(turn % count), { nickname: `${turn++}` });
    return confirm(config);
  });
  config.set(id(0), { nickname: "set" });
  const set = await median(() => config.set(id(turn % count), { nickname: `${turn++}` }));
  const bytes = confirm(config).reduce((sum, { data }) => sum + data.length, 0);
  const plain = config.dump().length;
  costs.push(push / plain);
  console.log(
    `${`${count}`.padStart(8)} ${ms(merge)}  ${ms(push)} ${`${(set / 1000).toFixed(1)} µs`.padStart(9)} ${kB(bytes)} ${kB(plain)} ${(push / plain).toFixed(1).padStart(9)}`,
  );
}
const growth = (costs.at(-1) ?? 0) / (costs[1] ?? 1);
console.log(
  `a byte of the largest config costs ${growth.toFixed(2)} times that of 1,000 contacts (at most ${MAX_GROWTH})`,
);
process.exitCode = growth > MAX_GROWTH ? 1 : 0;
