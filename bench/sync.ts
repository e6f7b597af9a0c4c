/**
 * `npm run bench:sync`: what config sync costs on a test network (twelve nodes, onion requests over loopback), in one run
 * with the alternative that an app without it has: a log of changes as notes to self, one message each, which every
 * device reads and applies.
 *
 * - one change: from the call that makes it to its arrival on the account's second device, pauses between polls and before
 *   pushes left out;
 * - a new device of an account with 1,000 contacts: from opening it to knowing all of them.
 *
 * Times are medians. Bytes are the bodies of all requests and replies of the devices concerned, onion layers included.
 */
import { createHash } from "node:crypto";
import { Client, type ClientOptions } from "session-messenger-sdk/client";
import { type Account, createAccount, restoreAccount } from "session-messenger-sdk/identity";
import { createTransport, type Transport } from "session-messenger-sdk/network";
import { startTestnet } from "session-messenger-sdk/testnet";

const CONTACTS = Number(process.env["CONTACTS"] ?? 1_000);
const CHANGES = 30;
const RESTORES = 3;
/** Notes on their way at a time. */
const AT_ONCE = 8;
/** The alternative must take this many times as long, and as many bytes, to restore an account. */
const TARGET = 3;

const net = await startTestnet({ nodes: 12, rateLimit: { burst: 1e9, perSecond: 1e9 } });

/** Bytes of bodies that passed. */
let bytes = 0;
const counted = (): Transport => {
  const transport = createTransport();
  return {
    async request(request) {
      bytes += request.body?.length ?? 0;
      const reply = await transport.request(request);
      bytes += reply.body.length;
      return reply;
    },
    close: () => transport.close(),
  };
};

const open = (account: Account, options: Partial<ClientOptions> = {}): Promise<Client> =>
  Client.open({ account, network: net.network, polling: false, transport: counted(), ...options });
/** As different as keys are: nothing to be compressed. */
const contactId = (index: number): string => `05${createHash("sha256").update(String(index)).digest("hex")}`;

/** Two devices of an account, and how one of them hears of what the other does. */
interface Way {
  readonly name: string;
  /** Opens a device. */
  device(account: Account): Promise<Device>;
}

interface Device {
  /** Gives contacts names, and resolves when the swarm knows. */
  change(names: ReadonlyMap<string, string>): Promise<void>;
  /** Reads what the swarm has. */
  read(): Promise<void>;
  nameOf(id: string): string | undefined;
  count(): number;
  close(): Promise<void>;
}

function configs(name: string, options: Partial<ClientOptions>): Way {
  return {
    name,
    async device(account) {
      const client = await open(account, options);
      return {
        async change(names) {
          for (const [id, nickname] of names) await client.contacts.setNickname(id, nickname);
          await client.sync();
        },
        read: async () => void (await client.poll()),
        nameOf: (id) => client.contacts.get(id)?.nickname,
        count: () => client.contacts.list().length,
        close: () => client.close(),
      };
    },
  };
}

/** A note to self for every change. */
const noteLog: Way = {
  name: "log of notes to self",
  async device(account) {
    const client = await open(account, { sync: false });
    const names = new Map<string, string>();
    client.on("message", ({ text }) => {
      const { id, nickname } = JSON.parse(text) as { id: string; nickname: string };
      names.set(id, nickname);
    });
    return {
      async change(wanted) {
        const left = [...wanted];
        const work = async (): Promise<void> => {
          for (let next = left.pop(); next !== undefined; next = left.pop()) {
            const [id, nickname] = next;
            await client.send(account.sessionId, { text: JSON.stringify({ id, nickname }) });
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, work));
      },
      read: async () => void (await client.poll()),
      nameOf: (id) => names.get(id),
      count: () => names.size,
      close: () => client.close(),
    };
  },
};

const ways = [configs("configs", {}), configs("configs, uncompressed", { compress: false }), noteLog];

interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

async function costOf(task: () => Promise<void>): Promise<Cost> {
  const [startedAt, before] = [performance.now(), bytes];
  await task();
  return { ms: performance.now() - startedAt, bytes: bytes - before };
}

function median(costs: readonly Cost[]): Cost {
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { ms: middle(costs.map(({ ms }) => ms)), bytes: middle(costs.map((cost) => cost.bytes)) };
}

/** One change at a time, from one device to the other. */
async function measureChanges(way: Way): Promise<Cost> {
  const account = restoreAccount(createAccount().recoveryPhrase);
  const [one, two] = [await way.device(account), await way.device(account)];
  await one.change(new Map([[contactId(0), "first"]]));
  await two.read();
  const costs: Cost[] = [];
  for (let turn = 0; turn < CHANGES; turn++) {
    const cost = await costOf(async () => {
      await one.change(new Map([[contactId(turn), `name ${turn}`]]));
      while (two.nameOf(contactId(turn)) !== `name ${turn}`) await two.read();
    });
    costs.push(cost);
  }
  await Promise.all([one.close(), two.close()]);
  return median(costs);
}

/** A device with nothing but the recovery phrase, until it knows all contacts. */
async function measureRestore(way: Way): Promise<Cost> {
  const account = restoreAccount(createAccount().recoveryPhrase);
  const names = Array.from({ length: CONTACTS }, (_, n) => [contactId(n), `Contact number ${n}`] as const);
  const first = await way.device(account);
  await first.change(new Map(names));
  await first.close();
  const costs: Cost[] = [];
  for (let turn = 0; turn < RESTORES; turn++) {
    let device: Device | undefined;
    costs.push(
      await costOf(async () => {
        device = await way.device(account);
        while (device.count() < CONTACTS) await device.read();
      }),
    );
    await device?.close();
  }
  return median(costs);
}

const show = ({ ms, bytes: size }: Cost, base: Cost): string =>
  [
    `${ms.toFixed(0).padStart(7)} ms`,
    `${(size / 1000).toFixed(0).padStart(7)} kB`,
    `${(ms / base.ms).toFixed(1).padStart(6)}x time`,
    `${(size / base.bytes).toFixed(1).padStart(6)}x bytes`,
  ].join(" ");

let worst = Number.POSITIVE_INFINITY;
for (const [title, measure] of [
  ["one change to its arrival on the second device", measureChanges],
  [`a new device of an account with ${CONTACTS} contacts`, measureRestore],
] as const) {
  console.log(title);
  let base: Cost | undefined;
  for (const way of ways) {
    const cost = await measure(way);
    base ??= cost;
    console.log(`  ${way.name.padEnd(24)} ${show(cost, base)}`);
    if (measure === measureRestore && way === noteLog)
      worst = Math.min(cost.ms / base.ms, cost.bytes / base.bytes);
  }
}
await net.close();
console.log(
  `restoring from the log takes at least ${worst.toFixed(1)} times as much of either (at least ${TARGET})`,
);
process.exitCode = worst < TARGET ? 1 : 0;
