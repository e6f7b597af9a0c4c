/**
 * The tour: a Session network on this machine, two accounts, messages and files both ways over three hops, and nodes that
 * fail in between. Run it with `npm run demo`.
 */
import { Client } from "session-messenger-sdk";
import { shortId } from "session-messenger-sdk/identity";
import { qrTerminal } from "session-messenger-sdk/identity/qr";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { publicRoom } from "./demo/community.js";
import { groupOfFive } from "./demo/group.js";
import { chime, drawn, encodePng, sunset } from "./demo/media.js";
import { next, type Person, seen, share } from "./demo/people.js";
import { catchUp } from "./demo/second-device.js";
import { bold, dim, hasColors, heading, line, seconds, step } from "./demo/terminal.js";

const begun = performance.now();
const times: number[] = [];

/** `n3` for the test network's node number 3. */
function nameOf(net: Testnet, ed25519PublicKey: string): string {
  const node = net.nodes.find((candidate) => candidate.ed25519PublicKey === ed25519PublicKey);
  return node === undefined ? "?" : `n${node.index}`;
}

/** Sends a text, waits until the other side has it, and shows the way it took. Returns the guard's public key. */
async function deliver(net: Testnet, from: Person, to: Person, text: string): Promise<string> {
  const { result, ms } = await seen(to, "message", () => from.client.send(to.client.sessionId, { text }));
  const { stored } = result;
  times.push(ms);

  const hops = stored.path.map((hop) => nameOf(net, hop.ed25519PublicKey));
  const members = net.swarmOf(to.client.sessionId);
  const holders = stored.swarm.filter(({ ok }) => ok).map(({ node }) => nameOf(net, node));
  line(`  ${bold(from.name)} → ${bold(to.name)}  ${text}`);
  line(
    dim(`    path    ${hops.join(" → ")}, then ${nameOf(net, stored.node.ed25519PublicKey)} of the swarm`),
  );
  line(dim(`    swarm   ${holders.length} of ${members.length} nodes have it: ${holders.join(" ")}`));
  line(dim(`    time    ${seconds(ms)} from send to the other side's handler`));
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

/** A picture, a file, a recording; a quote and a reaction. */
async function shareThings(net: Testnet, alice: Person, bob: Person): Promise<void> {
  const picture = sunset();
  const { width, height } = picture;
  const photo = await share(alice, bob, {
    text: "Look:",
    attachments: [
      { data: encodePng(picture), fileName: "sunset.png", contentType: "image/png", width, height },
    ],
  });
  if (hasColors) line(drawn(picture));
  const table = Array.from({ length: 20_000 }, (_, n) => `${n},${n ** 2}`).join("\n");
  await share(bob, alice, {
    attachments: [{ data: Buffer.from(table), fileName: "squares.csv", contentType: "text/csv" }],
  });
  await share(alice, bob, { voice: { data: chime(), contentType: "audio/wav" } });

  const text = "Is that your balcony?";
  const { event: answer } = await seen(alice, "message", () =>
    bob.client.send(alice.client.sessionId, { text, quote: photo }),
  );
  const isPhoto = answer.quote?.timestamp === photo.timestamp && answer.quote.author === photo.from;
  line(
    `  ${bold(bob.name)} → ${bold(alice.name)}  ${text} ${dim(`(quotes ${isPhoto ? "the picture" : "?"})`)}`,
  );
  const { event: reaction } = await seen(alice, "reaction", () => bob.client.react(photo, "🌅"));
  line(`  ${bold(bob.name)} → ${bold(alice.name)}  ${reaction.emoji} ${dim("(reacts to the picture)")}`);
  const files = net.fileServer.files();
  const total = files.reduce((sum, { data }) => sum + data.length, 0);
  line(
    dim(`  the file server holds ${files.length} blobs, ${(total / 1000).toFixed(1)} kB, and no key to any`),
  );
}

/** A message that disappears by itself, and one that is taken back. */
async function takeThingsBack(alice: Person, bob: Person): Promise<void> {
  const to = bob.client.sessionId;
  const timer = { mode: "after-read", seconds: 2 } as const;
  await seen(bob, "timer-update", () => alice.client.setDisappearing(to, timer));
  const gone = next(bob, "disappeared");
  const secret = "The key is under the mat.";
  const { event } = await seen(bob, "message", () => alice.client.send(to, { text: secret }));
  line(
    `  ${bold(alice.name)} → ${bold(bob.name)}  ${event.text} ${dim("(2 s after it was read it disappears)")}`,
  );
  await bob.client.markRead(event.from, [event]);
  await step("read, and gone from Bob's device", () => gone);
  await seen(bob, "timer-update", () => alice.client.setDisappearing(to, "off"));

  const { event: slip, result } = await seen(bob, "message", () =>
    alice.client.send(to, { text: "Happy birthday, Carol!" }),
  );
  line(`  ${bold(alice.name)} → ${bold(bob.name)}  ${slip.text}`);
  const { event: unsend } = await seen(bob, "unsend", () => alice.client.unsend(result));
  const isSlip = unsend.target.timestamp === slip.timestamp;
  line(dim(`    Alice takes ${isSlip ? "it" : "?"} back: Bob's device is asked to delete it`));
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
  await using net = await step(
    "12 service nodes with HTTPS, a seed node, a file server, a community server",
    () => startTestnet({ nodes: 12 }),
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

  heading("Files: encrypted here, uploaded and downloaded through three hops");
  await shareThings(net, alice, bob);

  heading("Second thoughts");
  await takeThingsBack(alice, bob);

  heading("Another device of Alice's");
  await catchUp(net.network, alice.client, bob.client.sessionId);

  heading("A group of five, one of whom has two devices");
  await groupOfFive(alice, bob);

  heading("A community: a public room, and a first message to somebody in it");
  await publicRoom(net, alice, bob);

  heading("Failures");
  await breakThings(net, bob.client.sessionId, guard);
  await deliver(net, alice, bob, "Still here: a new guard, and the rest of your swarm.");
  await deliver(net, bob, alice, "Read you loud and clear.");

  heading("Summary");
  const requests = net.nodes.reduce((sum, { counters }) => sum + counters.requests, 0);
  const connections = net.nodes.reduce((sum, { counters }) => sum + counters.connections, 0);
  line(`  ${times.length} texts delivered, ${times.map((time) => seconds(time)).join(", ")}`);
  line(
    `  ${requests} requests over ${connections} TLS connections, ${Math.round(process.memoryUsage().rss / 1e6)} MB of memory in all`,
  );
  line(`  done in ${seconds(performance.now() - begun)}`);
}

await main();
