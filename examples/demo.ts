/**
 * The tour: a Session network on this machine, two accounts, messages both ways over three hops, and nodes that fail
 * in between. Run it with `npm run demo`.
 */
import { Client, SessionError } from "session-messenger-sdk";
import { shortId } from "session-messenger-sdk/identity";
import { qrTerminal } from "session-messenger-sdk/identity/qr";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { bold, dim, hasColors, heading, line, seconds, step } from "./demo/terminal.js";

interface Person {
  readonly name: string;
  readonly client: Client;
}

const begun = performance.now();
const times: number[] = [];

/** `n3` for the test network's node number 3. */
function nameOf(net: Testnet, ed25519PublicKey: string): string {
  const node = net.nodes.find((candidate) => candidate.ed25519PublicKey === ed25519PublicKey);
  return node === undefined ? "?" : `n${node.index}`;
}

/** The next message with this text. A demo that hangs would say nothing, so it gives up after fifteen seconds. */
async function received(client: Client, text: string): Promise<void> {
  for await (const message of client.messages({ signal: AbortSignal.timeout(15_000) })) {
    if (message.text === text) return;
  }
  throw new SessionError("TIMEOUT", "the message did not arrive within fifteen seconds");
}

/** Sends a text, waits until the other side has it, and shows the way it took. Returns the guard's public key. */
async function deliver(net: Testnet, from: Person, to: Person, text: string): Promise<string> {
  const started = performance.now();
  const arrival = received(to.client, text);
  const { stored } = await from.client.send(to.client.sessionId, { text });
  await Promise.all([arrival, to.client.poll()]);
  times.push(performance.now() - started);

  const hops = stored.path.map((hop) => nameOf(net, hop.ed25519PublicKey));
  const members = net.swarmOf(to.client.sessionId);
  const holders = stored.swarm.filter(({ ok }) => ok).map(({ node }) => nameOf(net, node));
  line(`  ${bold(from.name)} → ${bold(to.name)}  ${text}`);
  line(
    dim(`    path    ${hops.join(" → ")}, then ${nameOf(net, stored.node.ed25519PublicKey)} of the swarm`),
  );
  line(dim(`    swarm   ${holders.length} of ${members.length} nodes have it: ${holders.join(" ")}`));
  line(dim(`    time    ${seconds(times.at(-1) ?? 0)} from send to the other side's handler`));
  return stored.path[0]?.ed25519PublicKey ?? "";
}

function introduce({ name, client }: Person): void {
  line(`\n  ${bold(name)} ${dim(shortId(client.sessionId))}`);
  line(`  Session ID       ${client.sessionId}`);
  line(`  recovery phrase  ${client.account.recoveryPhrase}`);
  line(dim("                   (a test account: never print the phrase of a real one)"));
  const code = qrTerminal(client.sessionId, { color: hasColors });
  line(code.replace(/^/gm, "  "));
}

/** Switches off two nodes of the recipient's swarm (any but the path's own) and the sender's guard. */
async function breakThings(net: Testnet, recipient: string, guard: string): Promise<void> {
  const members = net.swarmOf(recipient).filter(({ ed25519PublicKey }) => ed25519PublicKey !== guard);
  const failing = [...members.slice(0, 2), ...net.nodes.filter((node) => node.ed25519PublicKey === guard)];
  const names = failing.map(({ index }) => `n${index}`).join(", ");
  await step(`switched off ${names}: two nodes of Bob's swarm and Alice's guard`, () =>
    Promise.all(failing.map((node) => node.stop())),
  );
}

async function main(): Promise<void> {
  heading("A Session network on this machine");
  await using net = await step("12 service nodes with HTTPS, and a seed node", () =>
    startTestnet({ nodes: 12 }),
  );
  for (const id of new Set(net.nodes.map(({ swarmId }) => swarmId))) {
    const members = net.nodes.filter(({ swarmId }) => swarmId === id).map(({ index }) => `n${index}`);
    line(dim(`  swarm ${id.toString(16).padStart(16, "0")}  ${members.join(" ")}`));
  }

  heading("Two accounts: random keys, no phone, no e-mail");
  await using aliceClient = await Client.open({ network: net.network });
  await using bobClient = await Client.open({ network: net.network });
  const alice = { name: "Alice", client: aliceClient };
  const bob = { name: "Bob", client: bobClient };
  introduce(alice);
  introduce(bob);

  heading("Messages, each through three hops into the other's swarm");
  await deliver(net, alice, bob, "Hi Bob! No server knows that I wrote to you.");
  await deliver(net, bob, alice, "Hi Alice! And none can read this.");
  const guard = await deliver(net, alice, bob, "Shall we see what happens when nodes fail?");

  heading("Failures");
  await breakThings(net, bob.client.sessionId, guard);
  await deliver(net, alice, bob, "Still here: a new guard, and the rest of your swarm.");
  await deliver(net, bob, alice, "Read you loud and clear.");

  heading("Summary");
  const requests = net.nodes.reduce((sum, { counters }) => sum + counters.requests, 0);
  const connections = net.nodes.reduce((sum, { counters }) => sum + counters.connections, 0);
  line(`  ${times.length} messages delivered, ${times.map((time) => seconds(time)).join(", ")}`);
  line(
    `  ${requests} requests over ${connections} TLS connections, ${Math.round(process.memoryUsage().rss / 1e6)} MB of memory in all`,
  );
  line(`  done in ${seconds(performance.now() - begun)}`);
}

await main();
