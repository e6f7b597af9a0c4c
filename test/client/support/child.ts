/**
 * A client in a process of its own, for tests that kill it. Run as
 * `node --import tsx child.ts send|receive <seed URL> <folder> [<recipient> <text>…]`; tells what happens in lines on stdout.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, customNetwork } from "session-messenger-sdk";
import { openStore } from "session-messenger-sdk/store";

const [mode, seed = "", folder = "", recipient = "", ...texts] = process.argv.slice(2);
const network = customNetwork({ seeds: [seed], allowPrivateAddresses: true });
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const store = await openStore(folder);
const client = await Client.open({ network, store, polling: { activeMs: 50, idleMs: 50 } });
say(`ready ${client.sessionId}`);

if (mode === "send") {
  for (const text of texts) {
    client.send(recipient, { text }).then(
      () => say(`sent ${text}`),
      (error: unknown) => say(`failed ${text} ${String(error)}`),
    );
  }
  while ((await store.outbox()).length < texts.length) await sleep(1);
  say("accepted");
} else {
  let first = true;
  client.on("message", async (message) => {
    say(`got ${message.text}`);
    // The first one is finished, the second one never is.
    if (first) first = false;
    else await new Promise(() => {});
  });
}
