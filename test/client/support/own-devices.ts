import { Client, type ClientOptions } from "session-messenger-sdk/client";
import type { ConfigBase } from "session-messenger-sdk/config";
import type { SessionError } from "session-messenger-sdk/errors";
import { afterEach, beforeEach } from "vitest";
import { alice } from "./accounts.js";
import type { FakeNetwork } from "./fake-network.js";
import { FakeTimers } from "./fake-timers.js";

/** How long configs stay in the swarm, ms. */
export const MONTH = 2_592_000_000;

/** Opens a device of alice's account, which polls only when told to. */
export type OpenDevice = (options?: Partial<ClientOptions>) => Promise<Client>;

/**
 * Devices of alice's account, which are closed after each test, and the `error` events of all of them.
 *
 * @param network - where they are, asked when one is opened
 * @param expected - code of errors that are left out
 */
export function ownDevices(
  network: () => FakeNetwork,
  expected?: SessionError["code"],
): {
  readonly device: OpenDevice;
  readonly errors: SessionError[];
} {
  const open: Client[] = [];
  const errors: SessionError[] = [];
  beforeEach(() => {
    errors.length = 0;
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.close()));
  });
  const device: OpenDevice = async (options = {}) => {
    const client = await Client.open({
      account: alice,
      network: network().network,
      polling: false,
      closeTimeoutMs: 200,
      timers: new FakeTimers(),
      ...options,
    });
    client.on("error", (error) => error.code === expected || errors.push(error));
    open.push(client);
    return client;
  };
  return { device, errors };
}

/** Puts what another device of alice's pushed into her swarm. */
export function putConfig(net: FakeNetwork, config: ConfigBase, nodes = net.nodes): void {
  for (const data of config.push().messages) net.put(alice.sessionId, data, nodes, MONTH, config.namespace);
}
