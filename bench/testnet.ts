/**
 * What a test network costs: `npm run -s build:js && npx tsx bench/testnet.ts [nodes]`. Time to start and close, and
 * memory of the process before, after, and under load.
 */
const nodes = Number(process.argv[2] ?? 12);
const megabytes = (): string => `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`;
const since = (start: number): string => `${(performance.now() - start).toFixed(0)} ms`;

console.log(`process before:  ${megabytes()}`);
const imported = performance.now();
const { startTestnet } = await import("session-messenger-sdk/testnet");
const { buildOnionRequest, openNodeReply } = await import("session-messenger-sdk/onion");
const { Agent, fetch } = await import("undici");
console.log(`import:          ${since(imported)}, ${megabytes()}`);

const started = performance.now();
const net = await startTestnet({ nodes });
console.log(`start ${nodes} nodes:  ${since(started)}, ${megabytes()}`);

const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
const [first, second, third, destination] = net.nodes;
if (first === undefined || second === undefined || third === undefined || destination === undefined) {
  throw new Error("four nodes are needed");
}
const payload = Buffer.from('{"method":"info","params":{}}');
const requests = 500;
const loaded = performance.now();
for (let i = 0; i < requests; i++) {
  const { body, keys } = buildOnionRequest({
    path: [first, second, third],
    destination: { kind: "node", node: destination },
    payload,
  });
  const url = `https://127.0.0.1:${first.port}/onion_req/v2`;
  const reply = await fetch(url, { method: "POST", body, dispatcher });
  openNodeReply(new Uint8Array(await reply.arrayBuffer()), keys);
}
const perRequest = ((performance.now() - loaded) / requests).toFixed(1);
console.log(`${requests} onion requests: ${perRequest} ms each over three hops, ${megabytes()}`);
console.log(`connections to the guard: ${first.counters.connections}`);

const closed = performance.now();
await dispatcher.close();
await net.close();
console.log(`close:           ${since(closed)}`);
