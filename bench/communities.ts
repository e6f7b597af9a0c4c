/**
 * `npm run bench:communities`: joining and reading a large room, and polling many, against the community server of the
 * test network over plain HTTP on loopback. Every message is a real one with its own signature, verified as it is read.
 *
 * - joining a room of 100,000 messages reads its newest page only;
 * - catching up with 10,000 messages: messages per second, with each backend and with none (fetching and parsing alone);
 *   the heap that is still held halfway and at the end says whether memory grows with what was read;
 * - one account in 50 rooms on 5 servers: requests of one poll.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type CommunityServer,
  catchUp,
  communityIdentity,
  connectCommunity,
  plainCommunityNetwork,
  poll,
  signRoomMessage,
} from "session-messenger-sdk/communities";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { accountFromSeed } from "session-messenger-sdk/identity";
import { startCommunityServer, type TestnetCommunity } from "session-messenger-sdk/testnet";

const ROOM = 100_000;
const BEHIND = 10_000;
const AUTHORS = 20;
/** Each way of catching up takes its turn so often; the best one counts, which a busy machine disturbed least. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);
const TEXT = "It says what most messages say, in about as many words as most of them do.";

const account = (number: number) => accountFromSeed(new Uint8Array(16).fill(number), nodeCrypto);

/** Fills a room with messages of several authors. Signatures differ for the last `distinct`; the rest repeats them. */
function fill(community: TestnetCommunity, token: string, count: number, distinct: number): void {
  const key = Uint8Array.from(Buffer.from(community.publicKey, "hex"));
  const authors = Array.from({ length: AUTHORS }, (_, n) =>
    communityIdentity(account(n + 10), "15", key, nodeCrypto),
  );
  const posted = Date.now();
  const posts = Array.from({ length: distinct }, (_, n) => {
    const author = authors[n % AUTHORS] as (typeof authors)[number];
    const signed = signRoomMessage({ text: `${n} ${TEXT}` }, author, { timestamp: posted });
    return { author: author.id, data: signed.data, signature: signed.signature, posted };
  });
  for (let n = count; n > 0; n--) community.post(token, posts[n % distinct] as (typeof posts)[number]);
}

const network = plainCommunityNetwork({ allowHttp: true });
const connect = ({ url: baseUrl, publicKey }: TestnetCommunity, crypto: Crypto): CommunityServer =>
  connectCommunity(network, { baseUrl, publicKey }, { account: account(1), crypto });

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heldMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

async function join(community: TestnetCommunity): Promise<void> {
  let bytes = 0;
  community.intercept((_, serve) => {
    const answer = serve();
    bytes += answer.body.length;
    return answer;
  });
  const server = connect(community, nodeCrypto);
  await server.identity();
  const startedAt = performance.now();
  const { rooms } = await poll(server, { rooms: [{ token: "lobby" }] });
  const took = performance.now() - startedAt;
  community.intercept();
  const [room] = rooms;
  if (!room?.messages.ok) throw new Error("the room could not be joined");
  const { updates, cursor } = room.messages.value;
  console.log(
    `join a room of ${ROOM} messages      ${took.toFixed(0)} ms, ${updates.length} messages, ${(bytes / 1000).toFixed(0)} kB, cursor ${cursor}`,
  );
}

interface CatchUp {
  readonly perSecond: number;
  readonly messages: number;
  /** Megabytes before, halfway, and at the end. */
  readonly held: readonly number[];
}

async function measureCatchUp(community: TestnetCommunity, crypto: Crypto): Promise<CatchUp> {
  const server = connect(community, crypto);
  await server.identity();
  const held = [heldMegabytes()];
  let [count, messages] = [0, 0];
  const startedAt = performance.now();
  let paused = 0;
  for await (const page of catchUp(server, "lobby", ROOM - BEHIND)) {
    count += page.updates.length;
    messages += page.updates.filter(({ kind }) => kind === "message").length;
    if (held.length === 1 && count >= BEHIND / 2) {
      const from = performance.now();
      held.push(heldMegabytes());
      paused = performance.now() - from;
    }
  }
  const seconds = (performance.now() - startedAt - paused) / 1000;
  held.push(heldMegabytes());
  if (count !== BEHIND) throw new Error(`read ${count} of ${BEHIND} messages`);
  return { perSecond: BEHIND / seconds, messages, held };
}

async function compareCatchUps(community: TestnetCommunity): Promise<void> {
  const ways: readonly (readonly [string, Crypto])[] = [
    ["node backend", nodeCrypto],
    ["portable backend", portableCrypto],
    // Nothing but the way there: what no backend can be faster than.
    ["without verification", { ...nodeCrypto, ed25519Verify: () => true }],
  ];
  const results = ways.map((): CatchUp[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, [, crypto]] of ways.entries())
      results[index]?.push(await measureCatchUp(community, crypto));
  }
  for (const [index, [name]] of ways.entries()) {
    const [best] = [...(results[index] ?? [])].sort((a, b) => b.perSecond - a.perSecond);
    if (best === undefined) continue;
    const heap = best.held.map((mb) => mb.toFixed(1)).join(" → ");
    console.log(
      `catch up ${BEHIND}, ${name.padEnd(22)} ${best.perSecond.toFixed(0).padStart(7)} messages/s (${best.messages} of them shown), heap ${heap} MB`,
    );
  }
}

async function measurePoll(): Promise<void> {
  const rooms = Array.from({ length: 10 }, (_, n) => ({ token: `room-${n}`, name: `Room ${n}` }));
  const communities = await Promise.all(Array.from({ length: 5 }, () => startCommunityServer({ rooms })));
  const servers = communities.map((community) => connect(community, nodeCrypto));
  await Promise.all(servers.map(async (server) => await server.identity()));
  const requests = (): number => communities.reduce((sum, { counters }) => sum + counters.plain, 0);
  const before = requests();
  const startedAt = performance.now();
  const polled = await Promise.all(
    servers.map(async (server) => await poll(server, { rooms, inbox: "all", outbox: "all" })),
  );
  const took = performance.now() - startedAt;
  const fine = polled.flatMap(({ rooms: all }) => all).filter(({ info, messages }) => info.ok && messages.ok);
  console.log(
    `poll 50 rooms on 5 servers            ${took.toFixed(0)} ms, ${requests() - before} requests, ${fine.length} rooms read`,
  );
  await Promise.all(communities.map(async (community) => await community.close()));
}

const community = await startCommunityServer();
const startedAt = performance.now();
fill(community, "lobby", ROOM, BEHIND);
console.log(`(room of ${ROOM} messages filled in ${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
await join(community);
await compareCatchUps(community);
await measurePoll();
await community.close();
await network.close();
