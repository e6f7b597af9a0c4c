/**
 * The chain daemon behind nodes and seed: the node list and the name service (docs/protocol/network.md §3,
 * docs/protocol/identity.md §6).
 *
 * @module
 */
import type { JsonObject, JsonValue } from "./json.js";
import type { NameService } from "./names.js";
import { NO_SWARM } from "./placement.js";
import { type NodeRecord, quicPort, type RpcResponse, refuse, type ServerRules } from "./rpc-types.js";

/** What the daemon knows. */
export interface ChainView {
  readonly rules: ServerRules;
  readonly names: NameService;
  /** The nodes that clients may see, in the order of the list. */
  readonly listedNodes: () => readonly NodeRecord[];
  /** Hash of the newest block, hex. */
  readonly blockHash: string;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Answers one daemon call: `get_service_nodes` (also called `get_n_service_nodes`) or `ons_resolve`. */
export function askOxend(chain: ChainView, endpoint: string, params: unknown): RpcResponse {
  const given = isObject(params) ? params : {};
  return endpoint === "ons_resolve"
    ? resolveName(chain, given)
    : { status: 200, body: serviceNodes(chain, given) };
}

function serviceNodes(chain: ChainView, params: Fields): JsonObject {
  const { rules } = chain;
  const limit = params["limit"];
  const nodes = chain
    .listedNodes()
    .filter(({ swarmId }) => swarmId !== NO_SWARM || params["active_only"] !== true);
  const wanted = wantedFields(params["fields"]);
  return {
    as_json: "",
    block_hash: chain.blockHash,
    hardfork: rules.hardfork[0],
    height: rules.height,
    service_node_states: nodes
      .slice(0, typeof limit === "number" && limit > 0 ? limit : nodes.length)
      .map((node) => pick(nodeState(node, rules), wanted)),
    snode_revision: rules.hardfork[1],
    status: "OK",
    target_height: 0,
  };
}

/** Field names may come as an object of booleans or as a list; without any, everything is told. */
function wantedFields(fields: unknown): ReadonlySet<string> | undefined {
  const names = Array.isArray(fields)
    ? fields.filter((name) => typeof name === "string")
    : isObject(fields)
      ? Object.keys(fields).filter((name) => fields[name] === true)
      : [];
  return names.length === 0 || names.includes("all") ? undefined : new Set(names);
}

function pick(state: JsonObject, wanted: ReadonlySet<string> | undefined): JsonValue {
  if (wanted === undefined) return state;
  return Object.fromEntries(Object.entries(state).filter(([name]) => wanted.has(name)));
}

function nodeState(node: NodeRecord, rules: ServerRules): JsonObject {
  return {
    active: node.swarmId !== NO_SWARM,
    funded: true,
    pubkey_ed25519: node.ed25519PublicKey,
    pubkey_x25519: node.x25519PublicKey,
    public_ip: node.ip,
    requested_unlock_height: 0,
    service_node_pubkey: node.ed25519PublicKey,
    storage_lmq_port: quicPort(node),
    storage_port: node.port,
    storage_server_version: rules.version,
    swarm_id: node.swarmId,
  };
}

function resolveName({ names }: ChainView, params: Fields): RpcResponse {
  const nameHash = params["name_hash"];
  if (typeof nameHash !== "string") return refuse(400, "Invalid request: missing required field 'name_hash'");
  const record = names.resolve(nameHash);
  return {
    status: 200,
    body:
      record === undefined
        ? { status: "OK" }
        : { encrypted_value: record.encryptedValue, nonce: record.nonce, status: "OK" },
  };
}
