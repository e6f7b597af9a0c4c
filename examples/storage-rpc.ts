/**
 * The layers without the client: look a swarm up, store a message in it, read it back and open it. Run it with
 * `tsx examples/storage-rpc.ts`; it brings its own network.
 */
import { createAccount } from "session-messenger-sdk/identity";
import { decodeMessage, encodeMessage } from "session-messenger-sdk/messages";
import { connectNetwork } from "session-messenger-sdk/network";
import { NAMESPACES, retrieve, Swarms, store, userAuth } from "session-messenger-sdk/swarm";
import { startTestnet } from "session-messenger-sdk/testnet";

await using net = await startTestnet({ nodes: 12 });
await using network = connectNetwork(net.network);
const swarms = new Swarms(network);

const alice = createAccount();
const bob = createAccount();

const timestamp = network.clock.now();
const message = encodeMessage(
  { kind: "text", text: "by hand" },
  { sender: alice, recipient: bob.sessionId, timestamp },
);
const stored = await store(swarms, {
  pubkey: bob.sessionId,
  data: message.data,
  ttl: message.ttl,
  timestamp,
});
console.log(`stored as ${stored.hash}`);

const { messages } = await retrieve(swarms, {
  pubkey: bob.sessionId,
  namespace: NAMESPACES.default,
  auth: userAuth(bob),
});
for (const item of messages) {
  const result = decodeMessage(item, { account: bob, now: network.clock.now() });
  if (result.kind === "message" && result.message.kind === "text")
    console.log(`read: ${result.message.text}`);
}
