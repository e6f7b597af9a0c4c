/**
 * `npm run -s build:js && npx tsx --tsconfig tsconfig.run.json bench/file-memory.ts`: how much memory a client needs to
 * send and to fetch a file of 10 MB over three hops, as a multiple of the file.
 *
 * Each measurement has a process of its own, the network another one. `peak` is the most the process ever had, less what
 * it had before: the file, its encrypted forms, and garbage that was not collected yet. `held` is what remained after
 * forced collections while bytes went over the wire: what cannot be less.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Client, customNetwork, type ReceivedText } from "session-messenger-sdk";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import type { FileServer } from "session-messenger-sdk/network";
import { startTestnet } from "session-messenger-sdk/testnet";

const SIZE = 10_000_000;
const PIECE = 65_536;
/** "A few times": of what is held. */
const LIMIT = 6;

const backends = { node: nodeCrypto, portable: portableCrypto } as const;
const tasks = ["upload", "upload in pieces", "download"] as const;

interface Job {
  readonly task: (typeof tasks)[number];
  readonly backend: keyof typeof backends;
  readonly seed: string;
  readonly fileServer: FileServer;
}

interface Result {
  readonly peak: number;
  readonly held: number;
  readonly ms: number;
}

const [role, job] = process.argv.slice(2);
if (role === "network") await runNetwork();
else if (role === "job") await runJob(JSON.parse(job ?? "") as Job);
else await compare();

async function compare(): Promise<void> {
  const network = child("network");
  const [told] = (await once(network, "message")) as [Pick<Job, "seed" | "fileServer">];
  console.log(`a file of ${SIZE / 1e6} MB             peak      held      time   (held: at most ${LIMIT}x)`);
  for (const backend of ["node", "portable"] as const) {
    for (const task of tasks) {
      const process_ = child("job", JSON.stringify({ ...told, task, backend } satisfies Job));
      const [{ peak, held, ms }] = (await once(process_, "message")) as [Result];
      const isAbove = held > LIMIT;
      if (isAbove) process.exitCode = 1;
      const columns = [`${peak.toFixed(1)}x`, `${held.toFixed(1)}x`, `${ms.toFixed(0)} ms`];
      console.log(
        `${`${backend}, ${task}`.padEnd(28)}${columns.map((text) => text.padStart(10)).join("")}${isAbove ? "  ABOVE" : ""}`,
      );
    }
  }
  network.disconnect();
}

function child(...args: string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), args);
}

async function runNetwork(): Promise<void> {
  const net = await startTestnet({ nodes: 12 });
  const { url, ed25519PublicKey, x25519PublicKey } = net.fileServer;
  process.send?.({ seed: net.seedUrl, fileServer: { url, ed25519PublicKey, x25519PublicKey } });
  process.once("disconnect", () => void net.close());
}

async function runJob({ task, backend, seed, fileServer }: Job): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collectOnce = runInNewContext("gc") as () => void;
  // The second one waits until buffers that the first one found are released.
  const collect = (): void => {
    collectOnce();
    collectOnce();
  };
  const network = customNetwork({ seeds: [seed], fileServer, allowPrivateAddresses: true });
  await using client = await Client.open({ network, crypto: backends[backend], polling: false });
  await using other = await Client.open({ network, account: client.account, polling: false });
  const received: ReceivedText[] = [];
  client.on("message", (message) => received.push(message));
  const send = (from: Client, data: Uint8Array | Iterable<Uint8Array>, onProgress?: () => void) =>
    from.send(from.sessionId, { attachments: [{ data, size: SIZE }] }, { onProgress });
  // Paths, and code that is compiled at first use, are not what is measured.
  await send(client, new Uint8Array(100_000).fill(1));
  if (task === "download") {
    await send(other, pieces());
    await client.poll();
  }

  let held = 0;
  collect();
  const [rss, before] = [process.memoryUsage().rss, inUse()];
  let collected = 0;
  const look = (): void => {
    if (performance.now() - collected < 50) return;
    collect();
    collected = performance.now();
    held = Math.max(held, inUse() - before);
  };
  const started = performance.now();
  if (task === "upload") await send(client, new Uint8Array(SIZE).fill(7), look);
  else if (task === "upload in pieces") await send(client, pieces(), look);
  else await download(client, received, look);
  const ms = performance.now() - started;
  const peak = process.resourceUsage().maxRSS * 1024 - rss;
  process.send?.({ peak: peak / SIZE, held: held / SIZE, ms } satisfies Result);
  process.disconnect();
}

async function download(
  client: Client,
  received: readonly ReceivedText[],
  onProgress: () => void,
): Promise<void> {
  const attachment = received.at(-1)?.attachments[0];
  if (attachment === undefined) throw new Error("the file did not arrive");
  await client.download(attachment, { onProgress });
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function* pieces(): Generator<Uint8Array> {
  for (let at = 0; at < SIZE; at += PIECE) yield new Uint8Array(Math.min(PIECE, SIZE - at)).fill(at >> 16);
}
