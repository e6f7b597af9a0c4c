/**
 * Everything that a network takes from outside: transport, crypto, time, chance, what an earlier run left behind.
 *
 * @module
 */

import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError } from "../errors/index.js";
import type { NetworkConfig } from "./config.js";
import { Emitter } from "./emitter.js";
import type { NodeRules } from "./node-list.js";
import { createTransport } from "./platform-transport.js";
import { cryptoRandomInt, type RandomInt } from "./random.js";
import { type RestoredState, restoreState } from "./state.js";
import { createTransport as createFetchTransport } from "./transport.portable.js";
import type { NetworkEvents, Transport } from "./types.js";
import { type Sleep, sleep } from "./wait.js";

/** The world of a {@link Network}; every part has a default. */
export interface ConnectOptions {
  readonly transport?: Transport | undefined;
  readonly crypto?: Crypto | undefined;
  /** A uniform integer below its argument. */
  readonly random?: RandomInt | undefined;
  /** Local time, milliseconds. */
  readonly now?: (() => number) | undefined;
  readonly sleep?: Sleep | undefined;
  /** A {@link Network.snapshot} of an earlier run. It is a cache: one that cannot be used is ignored. */
  readonly state?: unknown;
  /** Takes what event listeners throw. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
}

/** {@link ConnectOptions} with the defaults filled in. */
export interface NetworkWorld {
  readonly transport: Transport;
  /** The transport was made here, and is closed with the network. */
  readonly ownsTransport: boolean;
  readonly crypto: Crypto;
  readonly random: RandomInt;
  readonly now: () => number;
  readonly sleep: Sleep;
  readonly events: Emitter<NetworkEvents>;
  readonly rules: NodeRules;
  readonly state: RestoredState;
}

/** Fills in the defaults. */
export function makeWorld(config: NetworkConfig, options: ConnectOptions): NetworkWorld {
  const { transport, crypto = defaultCrypto, now = Date.now } = options;
  const rules: NodeRules = { allowPrivateAddresses: config.allowPrivateAddresses, crypto };
  return {
    transport: transport ?? defaultTransport(config),
    ownsTransport: transport === undefined,
    crypto,
    random: options.random ?? cryptoRandomInt(crypto),
    now,
    sleep: options.sleep ?? sleep,
    events: new Emitter(options.onListenerError),
    rules,
    state: readState(options.state, config, rules, now()),
  };
}

function defaultTransport(config: NetworkConfig): Transport {
  return config.relay === undefined ? createTransport() : createFetchTransport({ relay: config.relay });
}

function readState(value: unknown, config: NetworkConfig, rules: NodeRules, now: number): RestoredState {
  try {
    if (value !== undefined) return restoreState(value, { network: config.name, rules, now });
  } catch (error) {
    if (!isSessionError(error, "NETWORK_STATE_INVALID")) throw error;
  }
  return { nodes: config.initialNodes, refreshedAt: 0, guards: [], strikes: {} };
}
