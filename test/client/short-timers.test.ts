import { Client } from "session-messenger-sdk";
import { startTestnet } from "session-messenger-sdk/testnet";
import { expect, test } from "vitest";

test("messages whose timer is shorter than what swarms take are sent, and their copies stored", async () => {
  await using net = await startTestnet({ nodes: 6, seed: "short timers" });
  await using alice = await Client.open({ network: net.network, polling: false });
  await using bob = await Client.open({ network: net.network, polling: false });
  const errors: unknown[] = [];
  alice.on("error", (error) => errors.push(error));
  for (const mode of ["after-send", "after-read"] as const) {
    await alice.setDisappearing(bob.sessionId, { mode, seconds: 2 });
    const { synced } = await alice.send(bob.sessionId, { text: mode });
    expect(synced?.hash).toBeDefined();
  }
  expect(errors).toEqual([]);
  const [atBob] = net.messagesOf(bob.sessionId);
  expect((atBob?.expiry ?? 0) - (atBob?.timestamp ?? 0)).toBe(10_000);
});
