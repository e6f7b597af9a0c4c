/**
 * `npm run bench:groups-client`: what groups cost a client, on a test network (twelve nodes, onion requests over loopback), in
 * one run with what an app without them would do: write one-to-one to everybody.
 *
 * - a text to 99 people: in a group of 100, and to each of them; until all of it is in the swarms;
 * - changes of a group of 100: a name, a member added (a new key for all, and an invitation), a member removed (again a new
 *   key), each until it is in the swarm, also with libsodium's WebAssembly build as the backend;
 * - a poll of 50 groups with nothing new, and with a text in each; and as many namespaces read with a request for each, as
 *   a client would that does not batch.
 *
 * Times are medians; bytes are the bodies of requests and replies, onion layers included. Rounds take turns, so that a busy
 * machine slows all alike.
 */
import { createHash } from "node:crypto";
import { Client, type Group } from "session-messenger-sdk/client";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { accountFromSeed, createAccount, type SessionId } from "session-messenger-sdk/identity";
import { connectNetwork, createTransport, type Transport } from "session-messenger-sdk/network";
import { NAMESPACES, retrieve, Swarms, userAuth } from "session-messenger-sdk/swarm";
import { startTestnet } from "session-messenger-sdk/testnet";
import { sumoCrypto } from "../test/support/sumo.js";

const MEMBERS = 99;
const GROUPS = 50;
const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
/** One-to-one messages on their way at a time: as many as the client sends at once. */
const AT_ONCE = 8;
/** Groups polled at a time, as the client does. */
const POLLED_AT_ONCE = 4;
/** Writing to everybody must take this many times as long as writing to the group. */
const TARGET = 10;
/** Reading namespaces one by one must take this many times as long as polling the groups. */
const POLL_TARGET = 1.5;

await using net = await startTestnet({ nodes: 12, rateLimit: { burst: 1e9, perSecond: 1e9 } });

/** What passed since the last look. */
const traffic = { requests: 0, bytes: 0 };
const counted = (): Transport => {
  const transport = createTransport();
  return {
    async request(request) {
      traffic.requests++;
      traffic.bytes += request.body?.length ?? 0;
      const reply = await transport.request(request);
      traffic.bytes += reply.body.length;
      return reply;
    },
    close: () => transport.close(),
  };
};

interface Cost {
  readonly ms: number;
  readonly requests: number;
  readonly bytes: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  Object.assign(traffic, { requests: 0, bytes: 0 });
  const started = performance.now();
  await work();
  return { ms: performance.now() - started, ...traffic };
}

function median(costs: readonly Cost[]): Cost {
  const sorted = (member: keyof Cost): number =>
    costs.map((cost) => cost[member]).sort((a, b) => a - b)[costs.length >> 1] as number;
  return { ms: sorted("ms"), requests: sorted("requests"), bytes: sorted("bytes") };
}

const open = (crypto: Crypto = nodeCrypto): Promise<Client> =>
  Client.open({ network: net.network, polling: false, transport: counted(), crypto });
/** Somebody who never comes. */
const person = (index: number): SessionId =>
  accountFromSeed(
    new Uint8Array(createHash("sha256").update(String(index)).digest().subarray(0, 16)),
    nodeCrypto,
  ).sessionId;
const members = Array.from({ length: MEMBERS }, (_, index) => person(index));

/** Does `send` with each of `ids`, some at a time. */
async function toEach(
  ids: readonly string[],
  send: (id: string) => Promise<unknown>,
  atOnce = AT_ONCE,
): Promise<void> {
  const waiting = [...ids];
  const one = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await send(id);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

const show = (name: string, { ms, requests, bytes }: Cost): void =>
  console.log(
    `${name.padEnd(44)}${ms.toFixed(0).padStart(7)} ms ${String(requests).padStart(5)} requests ${(bytes / 1000).toFixed(0).padStart(6)} kB`,
  );
const ratio = (name: string, value: number, target?: number): void => {
  const note = target === undefined ? "" : `  at least ${target}x${value < target ? "  BELOW" : ""}`;
  console.log(`${name.padEnd(44)}${value.toFixed(1).padStart(7)} x${note}`);
  if (target !== undefined && value < target) process.exitCode = 1;
};

/** The changes that are timed in a group of 100; each leaves it as large as it was. */
const changes = (group: Group): ReadonlyArray<readonly [string, () => Promise<unknown>]> => {
  let count = 0;
  const guest = person(1_000);
  return [
    ["rename it", () => group.rename(`hikers ${++count}`)],
    ["remove a member", () => group.remove(guest)],
    ["invite one", () => group.invite([guest])],
  ];
};

async function large(): Promise<void> {
  const backends = [
    ["node", await open(nodeCrypto)],
    ["sumo", await open(sumoCrypto)],
  ] as const;
  const groups: Array<readonly [string, Client, Group]> = [];
  for (const [name, client] of backends) {
    const invited = [...members.slice(1), person(1_000)];
    const cost = await costOf(async () => {
      groups.push([name, client, await client.groups.create({ name: "hikers", members: invited })]);
    });
    show(`create a group of 100, and invite (${name})`, cost);
  }

  const text = { text: "Sunday at eight, at the station, and bring something to drink." };
  const [[, client, group]] = groups as [(typeof groups)[number]];
  const [inGroup, toAll]: [Cost[], Cost[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    inGroup.push(await costOf(() => group.send(text)));
    if (round < 2) toAll.push(await costOf(() => toEach(members, (id) => client.send(id, text))));
  }
  show("a text in the group", median(inGroup));
  show("the same to each of 99 one-to-one", median(toAll));
  ratio("  time", median(toAll).ms / median(inGroup).ms, TARGET);
  ratio("  bytes", median(toAll).bytes / median(inGroup).bytes, TARGET);

  const timed = groups.map(([name, , each]) => ({
    name,
    works: changes(each),
    costs: [[], [], []] as Cost[][],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { works, costs } of timed) {
      for (const [index, [, work]] of works.entries()) costs[index]?.push(await costOf(work));
    }
  }
  for (const [index, [what]] of (timed[0]?.works ?? []).entries()) {
    const medians = timed.map(({ costs }) => median(costs[index] as Cost[]));
    for (const [at, cost] of medians.entries()) show(`${what} (${timed[at]?.name})`, cost);
    ratio("  time, sumo to node", (medians[1]?.ms ?? 0) / (medians[0]?.ms ?? 1));
  }
  for (const [, each] of backends) await each.close();
}

/** Reads five namespaces with nothing in them, as often as there are groups, with a request for each. */
async function oneByOne(): Promise<Cost> {
  const account = createAccount({ crypto: nodeCrypto });
  const { sessionId: pubkey } = account;
  const { default: texts, userProfile, contacts, convoInfoVolatile, userGroups } = NAMESPACES;
  await using network = connectNetwork(net.network, { transport: counted() });
  const swarms = new Swarms(network);
  const read = (namespace: number) =>
    retrieve(swarms, { pubkey, namespace, auth: userAuth(account, nodeCrypto), maxSize: -8 });
  await read(texts);
  const all = Array.from({ length: GROUPS }, (_, index) => String(index));
  return await costOf(() =>
    toEach(
      all,
      async () => {
        for (const namespace of [texts, userProfile, contacts, convoInfoVolatile, userGroups])
          await read(namespace);
      },
      POLLED_AT_ONCE,
    ),
  );
}

async function many(): Promise<void> {
  const [writer, reader] = [await open(), await open()];
  await reader.contacts.accept(writer.sessionId);
  const groups: Group[] = [];
  for (let index = 0; index < GROUPS; index++)
    groups.push(await writer.groups.create({ name: `group ${index}`, members: [reader.sessionId] }));
  let texts = 0;
  reader.on("message", () => texts++);
  await reader.sync();
  await writer.sync();
  await reader.sync();
  if (reader.groups.list().length !== GROUPS) throw new Error("the reader is not in all groups");
  const [quiet, busy, single]: [Cost[], Cost[], Cost[]] = [[], [], []];
  for (let round = 1; round <= ROUNDS; round++) {
    quiet.push(await costOf(() => reader.poll()));
    await toEach(
      groups.map(({ id }) => id),
      (id) => writer.send(id, { text: `round ${round}` }),
    );
    busy.push(await costOf(() => reader.poll()));
    single.push(await oneByOne());
    if (texts !== GROUPS * round) throw new Error(`${texts} texts arrived`);
  }
  show(`poll ${GROUPS} groups, nothing new`, median(quiet));
  show(`poll ${GROUPS} groups, a text in each`, median(busy));
  show(`${GROUPS * 5} namespaces, one by one`, median(single));
  ratio("  time", median(single).ms / median(quiet).ms, POLL_TARGET);
  await Promise.all([writer.close(), reader.close()]);
}

await large();
await many();
