/** Replays the transcripts of `POST /storage_rpc/v1` and its neighbours. */
import { startTestnet, type Testnet, type TestnetNode } from "session-messenger-sdk/testnet";
import { fromHex, type Json } from "../op.js";
import { compareBody, compareJson, type Moment } from "./compare.js";
import { HttpsClient } from "./https.js";
import { canSign, type KnownKeys, nodeKeys, parseSwarmId, requestBody, seriesBody } from "./recording.js";
import { type Report, show } from "./report.js";

/** Apart from the time of the call itself. */
const CLOCK_TOLERANCE = 20;
const MANY_REQUESTS = 2000;

/** Replays a whole file on a network of its own. */
export async function replayStorage(
  name: string,
  file: Json,
  known: KnownKeys,
  report: Report,
): Promise<void> {
  let now: number = file.transcripts[0]?.sent_at_ms ?? file.recorded_at_ms;
  await using net = await startTestnet({
    nodeKeys: nodeKeys(file, known),
    swarmIds: file.swarm_ids.map(parseSwarmId),
    version: file.server_version,
    hardfork: file.hardfork,
    now: () => now,
    timeouts: { deadMember: 30 },
  });
  for (const record of Object.values<Json>(file.ons ?? {})) {
    net.registerName(record.name, record.value, { nonce: fromHex(record.nonce) });
  }
  const https = new HttpsClient();
  const signatures = file.nodes.every((node: Json) => canSign(node, known));
  const stored = storedHashes(file);
  for (const [index, transcript] of file.transcripts.entries()) {
    now = clockOf(transcript) ?? now;
    try {
      await prepare(net, file, transcript);
      const moment: Moment = {
        now,
        tolerance: (transcript.duration_ms ?? 0) + CLOCK_TOLERANCE,
        request: transcript.request.body ?? "",
        signatures,
        signed: transcript.node_signed,
        stored,
      };
      report.check(
        name,
        transcript.id,
        await replay(nodeOf(net, file, transcript), transcript, moment, https),
      );
      await storeSeries(nodeOf(net, file, transcript), file.transcripts.slice(index), https);
    } catch (error) {
      report.check(name, transcript.id, [`could not be replayed: ${String(error)}`]);
    }
  }
  https.close();
  for (const layout of file.swarm_mapping ?? []) await checkMapping(name, layout, report);
}

function nodeOf(net: Testnet, file: Json, transcript: Json): TestnetNode {
  const position = file.nodes.findIndex((node: Json) => node.index === transcript.node);
  const node = net.nodes[position];
  if (node === undefined) throw new Error(`no node ${transcript.node}`);
  return node;
}

/** Hashes of all messages that the recording shows being stored. */
function storedHashes(file: Json): ReadonlySet<string> {
  const texts = file.transcripts.map(({ response }: Json) => JSON.stringify(response ?? {}));
  return new Set([...texts.join().matchAll(/"hash":"([^"]{43})"/g)].map((match) => match[1] ?? ""));
}

const bodyOf = ({ response }: Json): Json => response?.json ?? response?.json_shortened;

/** The node's clock when it answered, as far as the recording tells. */
function clockOf(transcript: Json): number | undefined {
  const body = bodyOf(transcript);
  const own = body?.t ?? body?.results?.[0]?.body?.t ?? body?.result?.body?.t ?? transcript.sent_at_ms;
  if (own !== undefined) return own;
  try {
    return JSON.parse(transcript.request.body).params.timestamp;
  } catch {
    return undefined;
  }
}

/**
 * Brings the network in the state that the answer shows: members that timed out are switched off, a node that is not
 * ready is in no swarm, one that answers is back, an older fork is in force where the id says so.
 */
async function prepare(net: Testnet, file: Json, transcript: Json): Promise<void> {
  const fork = /hf(\d+)\.(\d+)/.exec(transcript.id);
  const [hard, soft] = fork === null ? file.hardfork : [Number(fork[1]), Number(fork[2])];
  net.setHardfork(hard, soft);
  const asked = nodeOf(net, file, transcript);
  const { response, request } = transcript;
  if (response === undefined) return;
  if (!asked.isRunning) await asked.start();
  if (request.path === "/get_stats/v1") return;
  if (/not in any swarm/.test(response.text ?? "")) await asked.leave();
  else await asked.join();
  const entries: Json = bodyOf(transcript)?.swarm;
  if (typeof entries !== "object" || entries === null) return;
  for (const node of net.nodes) {
    const entry = entries[node.ed25519PublicKey];
    if (entry?.timeout && node.isRunning) await node.stop();
    else if (entry !== undefined && !entry.failed && !node.isRunning) await node.start();
  }
}

async function replay(
  node: TestnetNode,
  transcript: Json,
  moment: Moment,
  https: HttpsClient,
): Promise<string[]> {
  const { request, response } = transcript;
  if (transcript.raw_response !== undefined) return replayRaw(node, transcript, https);
  const question = {
    method: request.method,
    path: request.path,
    headers: request.headers,
    body: requestBody(request),
  };
  let answer = await https.ask(node.port, question);
  // One answer of a burst was recorded: the first that was refused.
  for (let i = 0; response.status === 429 && answer.status === 200 && i < MANY_REQUESTS; i++) {
    answer = await https.ask(node.port, question);
  }
  const differences: string[] = [];
  if (answer.status !== response.status) {
    return [`status: expected ${response.status}, got ${answer.status} ${show(answer.body.toString())}`];
  }
  for (const name of ["server", "content-type", "x-oxen-snode-pubkey"]) {
    const expected = response.headers?.[name];
    if (expected !== undefined && answer.headers[name] !== expected) {
      differences.push(`${name}: expected ${expected}, got ${answer.headers[name]}`);
    }
  }
  const text = answer.body.toString();
  if (response.summary !== undefined) {
    const { messages, more } = JSON.parse(text);
    const summary = { messages: messages.length, more, body_bytes: answer.body.length };
    return [...differences, ...compareJson(response.summary, summary, moment)];
  }
  return [...differences, ...compareBody(response, text, moment)];
}

/** For a request of which only the head was sent. */
async function replayRaw(node: TestnetNode, transcript: Json, https: HttpsClient): Promise<string[]> {
  const { method, path, headers } = transcript.request;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const raw = await https.askRaw(
    node.port,
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join("")}\r\n`,
  );
  const stable = (text: string): string => {
    const [head = "", body = ""] = text.split("\r\n\r\n");
    const [status, ...fields] = head.split("\r\n");
    return [status, ...fields.filter((field) => !/^date:/i.test(field)).sort(), body].join(" | ");
  };
  const [expected, got] = [stable(transcript.raw_response), stable(raw)];
  return expected === got ? [] : [`raw answer: expected ${expected}, got ${got}`];
}

/** Of a series of stored messages only the first is recorded; the rest follows from the notes of those who read it. */
async function storeSeries(node: TestnetNode, following: Json[], https: HttpsClient): Promise<void> {
  const omitted = following[0]?.request.body_omitted;
  const count = /^(\d+) messages/.exec(following[1]?.note ?? "")?.[1];
  if (count === undefined || !/message i/.test(omitted?.how ?? "")) return;
  for (let i = 1; i < Number(count); i++) {
    const body = seriesBody(omitted, i);
    const { status } = await https.ask(node.port, { method: "POST", path: "/storage_rpc/v1", body });
    if (status !== 200) throw new Error(`message ${i} of the series was refused with ${status}`);
  }
}

/** Asks a node of a network with the recorded swarm ids where accounts belong. */
async function checkMapping(name: string, layout: Json, report: Report): Promise<void> {
  const swarmIds: bigint[] = layout.swarm_ids_hex.map(parseSwarmId);
  await using net = await startTestnet({ nodes: swarmIds.length, swarmIds, rateLimit: false });
  const https = new HttpsClient();
  const port = net.nodes[0]?.port ?? 0;
  for (const [index, testCase] of layout.cases.entries()) {
    const body = Buffer.from(JSON.stringify({ method: "get_swarm", params: { pubkey: testCase.pubkey } }));
    const answer = await https.ask(port, { method: "POST", path: "/storage_rpc/v1", body });
    const { swarm } = JSON.parse(answer.body.toString());
    const same = swarm === testCase.swarm;
    report.check(
      name,
      `swarm_mapping.${layout.name}.${index}`,
      same ? [] : [`expected ${testCase.swarm}, got ${swarm}`],
    );
  }
  https.close();
}
