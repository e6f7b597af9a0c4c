/** Replays the transcripts of `POST /onion_req/v2`. */
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { clientLayerSecret, decryptLayer, parseEncType } from "session-messenger-sdk/onion";
import { startTestnet, type Testnet, type TestnetNode } from "session-messenger-sdk/testnet";
import { fromHex, type Json } from "../op.js";
import { compareJson, compareText, type Moment } from "./compare.js";
import { type HttpAnswer, HttpsClient } from "./https.js";
import { Origin } from "./origin.js";
import { canSign, type KnownKeys, nodeKeys, parseSwarmId } from "./recording.js";
import { type Report, show } from "./report.js";

const CLOCK_TOLERANCE = 20;

/** Replays a whole file on a network of its own. */
export async function replayOnion(name: string, file: Json, known: KnownKeys, report: Report): Promise<void> {
  let now = 0;
  await using net = await startTestnet({
    nodeKeys: nodeKeys(file, known),
    swarmIds: [...new Set<string>(file.nodes.map((node: Json) => node.swarm))].map(parseSwarmId),
    version: file.server_version,
    now: () => now,
    timeouts: { deadHop: 30, deadMember: 30 },
  });
  const https = new HttpsClient();
  const origin = new Origin();
  await routeServers(net, file, await origin.start());
  const firstTimes = firstTimestamps(file);
  const stored = new Set<string>();
  const signatures = file.nodes.every((node: Json) => canSign(node, known));
  for (const transcript of file.transcripts) {
    try {
      const recorded = reply(transcript);
      const known = recorded?.body?.t ?? firstResult(recorded)?.t;
      // Without an answer that tells the time the clock stands still.
      now = known ?? (now > 0 ? now : (timestampOf(transcript) ?? file.recorded_at_ms));
      await switchNodes(net, file, transcript);
      await storeBefore(
        net,
        recorded,
        transcript,
        firstTimes,
        stored,
        (time) => {
          now = time ?? now;
          return now;
        },
        https,
      );
      if (transcript.server_saw !== undefined) origin.expect(transcript);
      const moment: Moment = {
        now,
        tolerance: (transcript.duration_ms ?? 0) + CLOCK_TOLERANCE,
        request: innermost(transcript)?.toString("latin1") ?? "",
        signatures,
      };
      const differences = await replay(nodeAt(net, file, transcript.guard), transcript, moment, https);
      if (transcript.server_saw !== undefined) differences.push(...origin.differences(transcript));
      report.check(name, transcript.id, differences);
    } catch (error) {
      report.check(name, transcript.id, [`could not be replayed: ${String(error)}`]);
    }
  }
  https.close();
  await origin.close();
}

function nodeAt(net: Testnet, file: Json, index: number): TestnetNode {
  const node = net.nodes[file.nodes.findIndex((node: Json) => node.index === index)];
  if (node === undefined) throw new Error(`no node ${index}`);
  return node;
}

/** Plaintext of the layer for the destination: the call, or the request to a server. */
function innermost({ layers_innermost_first: layers }: Json): Buffer | undefined {
  return layers?.[0] === undefined ? undefined : Buffer.from(layers[0].plaintext_hex, "hex");
}

/** The RPC call inside. */
function callOf(transcript: Json): Json {
  const plaintext = innermost(transcript);
  try {
    return JSON.parse(plaintext?.subarray(4, 4 + plaintext.readUInt32LE(0)).toString() ?? "");
  } catch {
    return undefined;
  }
}

const timestampOf = (transcript: Json): number | undefined => callOf(transcript)?.params?.timestamp;

/** The decrypted recorded reply with its body parsed, when it is JSON. */
function reply({ response }: Json): Json {
  try {
    return openBody(JSON.parse(response.decrypted_utf8));
  } catch {
    return undefined;
  }
}

function openBody(answer: Json): Json {
  try {
    return typeof answer.body === "string" ? { ...answer, body: JSON.parse(answer.body) } : answer;
  } catch {
    return answer;
  }
}

const firstResult = (recorded: Json): Json => recorded?.body?.results?.[0]?.body;

/** Where each recorded server is now: the origin, a node's HTTPS port, or a port at which nobody listens. */
async function routeServers(net: Testnet, file: Json, originPort: number): Promise<void> {
  const nobody = new Origin();
  const closedPort = await nobody.start();
  await nobody.close();
  for (const transcript of file.transcripts) {
    for (const layer of transcript.layers_innermost_first ?? []) {
      const json = /\{"host":.*\}$/s.exec(Buffer.from(layer.plaintext_hex, "hex").toString("latin1"))?.[0];
      if (json === undefined) continue;
      const { host, port } = JSON.parse(json);
      const position = file.nodes.findIndex((node: Json) => node.ip === host && node.https_port === port);
      const real =
        net.nodes[position]?.port ?? (transcript.server_saw === undefined ? closedPort : originPort);
      net.routeServer(`${host}:${port}`, `127.0.0.1:${real}`);
    }
  }
}

/** Switches off the node that the recording says was off, and all others on. */
async function switchNodes(
  net: Testnet,
  file: Json,
  { id, guard, error, layers_innermost_first: layers }: Json,
): Promise<void> {
  let off: TestnetNode | undefined;
  const hop = /offline\.hop(\d+)/.exec(id)?.[1];
  if (/ECONNREFUSED/.test(error ?? "")) off = nodeAt(net, file, guard);
  else if (hop !== undefined) {
    const layer = layers.at(-Number(hop));
    off = net.nodes.find(({ ed25519PublicKey }) => ed25519PublicKey === layer.ed25519_pubkey);
  }
  for (const node of net.nodes) {
    if (node === off) await node.stop();
    else if (!node.isRunning) await node.start();
  }
}

/** When each stored message was first stored, as far as later answers tell. */
function firstTimestamps(file: Json): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const transcript of file.transcripts) {
    for (const { hash, timestamp } of reply(transcript)?.body?.messages ?? []) times.set(hash, timestamp);
  }
  return times;
}

/** A message that was there `already` when it first appears in the recording is stored before. */
async function storeBefore(
  net: Testnet,
  recorded: Json,
  transcript: Json,
  firstTimes: ReadonlyMap<string, number>,
  stored: Set<string>,
  clock: (time?: number) => number,
  https: HttpsClient,
): Promise<void> {
  const { method, params } = callOf(transcript) ?? {};
  const entries: Json[] = Object.values(recorded?.body?.swarm ?? {});
  if (method !== "store" || entries.length === 0 || stored.has(recorded.body.hash)) return;
  stored.add(recorded.body.hash);
  if (!entries.some(({ already }) => already)) return;
  const present = clock();
  const timestamp = firstTimes.get(recorded.body.hash) ?? params.timestamp;
  clock(timestamp);
  const [member] = net.swarmOf(params.pubkey);
  const body = Buffer.from(JSON.stringify({ method, params: { ...params, timestamp } }));
  await https.ask(member?.port ?? 0, { method: "POST", path: "/storage_rpc/v1", body });
  clock(present);
}

async function replay(
  guard: TestnetNode,
  transcript: Json,
  moment: Moment,
  https: HttpsClient,
): Promise<string[]> {
  const { response, error } = transcript;
  const question = { method: "POST", path: "/onion_req/v2", body: fromHex(transcript.request_body_hex) };
  let answer: HttpAnswer;
  try {
    answer = await https.ask(guard.port, question);
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code ?? String(failure);
    return error?.includes(code) ? [] : [`expected ${error ?? `status ${response?.status}`}, got ${code}`];
  }
  if (response === undefined) return [`expected ${error}, got status ${answer.status}`];
  if (answer.status !== response.status) {
    return [
      `status: expected ${response.status}, got ${answer.status} ${show(answer.body.toString("latin1"))}`,
    ];
  }
  const type = answer.headers["content-type"];
  const differences =
    response.content_type === type ? [] : [`content-type: expected ${response.content_type}, got ${type}`];
  if (response.encrypted_as === undefined) {
    return [...differences, ...compareText(response.body_text ?? "", answer.body.toString("latin1"))];
  }
  if (transcript.server_saw !== undefined) {
    const same = answer.body.toString("hex") === response.body_hex;
    return same ? differences : [...differences, "the server's answer did not come back as it was"];
  }
  const [expected, got] = [reply(transcript), openReply(transcript, answer.body)];
  if (expected === undefined || got === undefined)
    return [...differences, "the answer opens with no recorded key"];
  return [...differences, ...compareJson(expected, got, moment)];
}

/** Opens an encrypted answer with the key of whichever layer fits the recording. */
function openReply({ layers_innermost_first: layers, response }: Json, body: Buffer): Json {
  const sealed = response.encrypted_as === "raw bytes" ? body : Buffer.from(body.toString(), "base64");
  for (const layer of layers) {
    const encType = parseEncType(layer.enc_type);
    if (encType === undefined) continue;
    const ephemeral = {
      publicKey: fromHex(layer.ephemeral_pubkey),
      secretKey: fromHex(layer.ephemeral_seckey),
    };
    try {
      const secret = clientLayerSecret(encType, ephemeral, fromHex(layer.x25519_pubkey), defaultCrypto);
      return openBody(JSON.parse(Buffer.from(decryptLayer(sealed, secret, defaultCrypto)).toString()));
    } catch {
      // Another layer's key.
    }
  }
  return undefined;
}
