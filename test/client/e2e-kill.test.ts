import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "session-messenger-sdk";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ClientProcess } from "./support/process.js";
import { until } from "./support/wait.js";

let net: Testnet;
let folder: string;

beforeAll(async () => {
  net = await startTestnet({ nodes: 12, swarms: 2, seed: "kill" });
  folder = await mkdtemp(join(tmpdir(), "client-kill-"));
});
afterAll(async () => {
  await net.close();
  await rm(folder, { recursive: true, force: true });
});

describe("a client that is killed", () => {
  test("while its handler works loses nothing: the next one on the folder goes on", async () => {
    const place = join(folder, "receiver");
    const child = new ClientProcess("receive", net.seedUrl, place);
    const receiver = await child.line("ready");
    await using alice = await Client.open({ network: net.network, polling: false });
    for (const text of ["one", "two", "three"]) await alice.send(receiver, { text });
    await child.line("got two");
    await child.kill();

    await alice.send(receiver, { text: "four" });
    await using bob = await Client.open({ network: net.network, store: place, polling: false });
    expect(bob.sessionId).toBe(receiver);
    const texts: string[] = [];
    bob.on("message", (message) => texts.push(message.text));
    await bob.poll();
    // Nothing is lost: "two" was not finished. At most "one" may come again, had its mark not been written yet.
    expect(texts.filter((text) => text !== "one")).toEqual(["two", "three", "four"]);
    await bob.poll();
    expect(texts.filter((text) => text !== "one")).toEqual(["two", "three", "four"]);
  }, 60_000);

  test("while it sends loses nothing: the next one on the folder sends it, and it is received once", async () => {
    const place = join(folder, "sender");
    await using bob = await Client.open({ network: net.network, polling: false });
    const got: string[] = [];
    bob.on("message", (message) => got.push(message.text));
    for (const node of net.nodes) node.faults.drop(1);
    const child = new ClientProcess("send", net.seedUrl, place, bob.sessionId, "a", "b", "c");
    await child.line("accepted");
    await child.kill();
    expect(child.lines.some((line) => line.startsWith("sent"))).toBe(false);
    for (const node of net.nodes) node.faults.clear();

    const sent: string[] = [];
    {
      await using alice = await Client.open({ network: net.network, store: place, polling: false });
      alice.on("sent", ({ to }) => sent.push(to));
      await until(() => sent.length === 3);
    }
    await using again = await Client.open({ network: net.network, store: place, polling: false });
    again.on("sent", ({ to }) => sent.push(to));
    await bob.poll();
    expect(got.sort()).toEqual(["a", "b", "c"]);
    expect(sent.length).toBe(3);
  }, 60_000);

  test("somewhere in a burst loses nothing, and each message is received once", async () => {
    const place = join(folder, "burst");
    await using bob = await Client.open({ network: net.network, polling: false });
    const got: string[] = [];
    bob.on("message", (message) => got.push(message.text));
    const texts = Array.from({ length: 12 }, (_, index) => `m${index}`);
    const child = new ClientProcess("send", net.seedUrl, place, bob.sessionId, ...texts);
    await child.line("sent");
    await child.kill();

    await using alice = await Client.open({ network: net.network, store: place, polling: false });
    const { timestamp } = await alice.send(bob.sessionId, { text: "last" });
    expect(timestamp).toBeGreaterThan(0);
    await until(() => net.messagesOf(bob.sessionId).length >= 13);
    for (let i = 0; i < 20 && got.length < 13; i++) await bob.poll();
    expect(got.sort()).toEqual([...texts, "last"].sort());
  }, 60_000);
});
