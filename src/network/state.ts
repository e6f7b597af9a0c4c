/**
 * What a network keeps between runs: node list, guards, strikes (docs/protocol/network.md §§4, 5.1). JSON, no secrets.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import { type NodeRules, property, restoreNode, storeNode } from "./node-list.js";
import type { NetworkErrorCode, NetworkState, ServiceNode } from "./types.js";

/** Strikes and guards older than this are forgotten, milliseconds: 48 hours and 10 days. */
const STRIKE_LIFETIME = 48 * 3_600_000;
const GUARD_LIFETIME = 10 * 24 * 3_600_000;

/** A state in use. */
export interface RestoredState {
  readonly nodes: readonly ServiceNode[];
  readonly refreshedAt: number;
  readonly guards: readonly string[];
  readonly strikes: Readonly<Record<string, number>>;
}

/** The state as JSON. */
export function makeState(state: RestoredState, network: string, now: number): NetworkState {
  return {
    version: 1,
    network,
    savedAt: now,
    refreshedAt: state.refreshedAt,
    nodes: state.nodes.map(storeNode),
    guards: [...state.guards],
    strikes: { ...state.strikes },
  };
}

/**
 * Reads a stored state. Nodes that the network's rules do not allow are left out, strikes and guards that are too old
 * forgotten.
 *
 * @throws SessionError `NETWORK_STATE_INVALID` for anything that is no state of this network
 */
export function restoreState(
  value: unknown,
  options: { readonly network: string; readonly rules: NodeRules; readonly now: number },
): RestoredState {
  const nodes = property(value, "nodes");
  const guards = property(value, "guards");
  const strikes = property(value, "strikes");
  const savedAt = property(value, "savedAt");
  const refreshedAt = property(value, "refreshedAt");
  if (property(value, "version") !== 1) throw invalid("its version is unknown");
  if (property(value, "network") !== options.network) throw invalid("it belongs to another network");
  if (!Array.isArray(nodes) || !Array.isArray(guards) || !isRecord(strikes))
    throw invalid("a part is missing");
  if (!isTime(savedAt) || !isTime(refreshedAt)) throw invalid("it has no time");
  const age = options.now - savedAt;
  const keptNodes = nodes.flatMap((node) => restoreNode(node, options.rules) ?? []);
  const keptStrikes = Object.entries(strikes).flatMap(([key, count]) =>
    typeof count === "number" && Number.isInteger(count) && count > 0 ? [[key, count] as const] : [],
  );
  return {
    nodes: keptNodes,
    // A clock that was set back must not keep a list for ever.
    refreshedAt: Math.min(refreshedAt, options.now),
    guards: age > GUARD_LIFETIME ? [] : guards.filter((key): key is string => typeof key === "string"),
    strikes: age > STRIKE_LIFETIME ? {} : Object.fromEntries(keptStrikes),
  };
}

function invalid(reason: string): SessionError<NetworkErrorCode> {
  return new SessionError("NETWORK_STATE_INVALID", `the stored network state cannot be used: ${reason}`);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
