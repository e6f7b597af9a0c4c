import { Client, type LogFacts } from "session-messenger-sdk/client";
import { expect, test, vi } from "vitest";
import { alice } from "./support/accounts.js";
import { FakeNetwork } from "./support/fake-network.js";
import { FakeTimers } from "./support/fake-timers.js";

// As in a bundle for Node that lacks the WebAssembly file.
vi.mock("../../src/config/compressor.node.js", () => ({
  load: async () => {
    throw new Error("ENOENT: zstd.wasm");
  },
}));

test("without a compressor configs are stored as they are, and a warning is logged", async () => {
  const net = new FakeNetwork();
  const warnings: Array<readonly [string, LogFacts | undefined]> = [];
  const log = () => {};
  const logger = {
    debug: log,
    info: log,
    error: log,
    warn: (message: string, facts?: LogFacts) => void warnings.push([message, facts]),
  };
  const open = () =>
    Client.open({
      account: alice,
      network: net.network,
      polling: false,
      timers: new FakeTimers(),
      logger,
    });
  const one = await open();
  await one.profile.set({ name: "Alice" });
  await one.sync();
  const two = await open();
  await two.sync();
  expect(two.profile.name).toBe("Alice");
  expect(warnings.map(([message]) => message)).toContainEqual(expect.stringContaining("uncompressed"));
  await one.close();
  await two.close();
});
