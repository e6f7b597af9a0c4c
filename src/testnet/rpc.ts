/**
 * From the body of a request to an answer: method lookup, `batch`, `sequence`, `ifelse`
 * (docs/protocol/storage-server-behaviour.md §1, §11).
 *
 * @module
 */
import { bytesToBase64, bytesToUtf8 } from "../bytes/index.js";
import { isSessionError } from "../errors/index.js";
import { invalidRequest } from "./errors.js";
import { type Params, readInteger, readIntegers } from "./fields.js";
import { type JsonObject, parseJson } from "./json.js";
import { changeMethods } from "./methods-change.js";
import { expireMethods } from "./methods-expire.js";
import { newerReadMethods, readMethods } from "./methods-read.js";
import { storeMethods } from "./methods-store.js";
import { newerSubaccountMethods, subaccountMethods } from "./methods-subaccounts.js";
import {
  type ForwardedCall,
  type Method,
  type MethodTable,
  type PreparedCall,
  type RpcNode,
  type RpcResponse,
  refuse,
  type ServerRules,
} from "./rpc-types.js";

const MAX_SUBREQUESTS = 20;

const isObject = (value: unknown): value is Params =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Runs the call in the body of `POST /storage_rpc/v1` or in an onion request. */
export async function runRpc(
  body: Uint8Array,
  node: RpcNode,
): Promise<{ method: string; response: RpcResponse }> {
  let call: unknown;
  try {
    call = parseJson(bytesToUtf8(body));
  } catch {
    // Not UTF-8.
  }
  if (call === undefined) return { method: "", response: refuse(400, "invalid json") };
  const method = isObject(call) && Object.hasOwn(call, "method") ? call["method"] : undefined;
  if (!isObject(call) || typeof method !== "string") {
    return { method: "", response: refuse(400, "invalid json: no `method` field") };
  }
  const params = Object.hasOwn(call, "params") ? call["params"] : undefined;
  if (!isObject(params)) return { method, response: refuse(400, "invalid json: no `params` field") };
  return { method, response: await runCall({ method, params }, node, true) };
}

/**
 * Runs one call.
 *
 * @param recurse - false for a call that another member handed on: it must be one that members hand on
 */
export async function runCall(
  { method, params }: ForwardedCall,
  node: RpcNode,
  recurse: boolean,
): Promise<RpcResponse> {
  const prepare = findMethod(method, node.rules);
  if (prepare === undefined) return refuse(400, `no method ${method}`);
  try {
    const call = prepare(params, node.rules);
    if (!recurse && !call.isRecursive) {
      return refuse(400, "invalid request: received invalid forwarded non-forwardable request");
    }
    return await call.run(node, recurse);
  } catch (error) {
    if (isSessionError(error, "RPC_INVALID_REQUEST")) return refuse(400, `invalid request: ${error.message}`);
    return refuse(500, "request failed");
  }
}

function findMethod(name: string, { version }: ServerRules): Method | undefined {
  if (Object.hasOwn(methods, name)) return methods[name];
  const isNewer = version[0] > 2 || (version[0] === 2 && version[1] >= 11);
  return isNewer && Object.hasOwn(newerMethods, name) ? newerMethods[name] : undefined;
}

function parseSubrequests(params: Params, rules: ServerRules): readonly PreparedCall[] {
  const requests = params["requests"];
  if (!Array.isArray(requests) || requests.length === 0) {
    throw invalidRequest('Invalid batch request: no valid "requests" field');
  }
  if (requests.length > MAX_SUBREQUESTS)
    throw invalidRequest("Invalid batch request: subrequest limit exceeded");
  return requests.map((request: unknown) => {
    if (!isObject(request)) throw invalidRequest("Invalid batch request: requests must be objects");
    const { method, params: own } = request;
    if (typeof method !== "string" || !isObject(own)) {
      throw invalidRequest("Invalid batch request: subrequests must have method/params keys");
    }
    const prepare = findMethod(method, rules);
    if (prepare === undefined) throw invalidRequest(`Invalid batch subrequest: invalid method "${method}"`);
    // Read as what it is before it is refused for what it is, as the server does.
    const call = prepare(own, rules);
    if (call.isMeta)
      throw invalidRequest("Invalid batch subrequest: subrequests may not contain meta-requests");
    return call;
  });
}

/** Runs one entry; what it throws is its own failure. */
async function runEntry(call: PreparedCall, node: RpcNode): Promise<JsonObject & { readonly code: number }> {
  const { status, body } = await call.run(node, true).catch(() => refuse(500, "request failed"));
  return { code: status, body: body instanceof Uint8Array ? bytesToBase64(body) : body };
}

const batch: Method = (params, rules) => {
  const calls = parseSubrequests(params, rules);
  return {
    isMeta: true,
    run: async (node) => ({
      status: 200,
      body: { results: await Promise.all(calls.map((call) => runEntry(call, node))) },
    }),
  };
};

const sequence: Method = (params, rules) => {
  const calls = parseSubrequests(params, rules);
  return {
    isMeta: true,
    async run(node) {
      const results: JsonObject[] = [];
      for (const call of calls) {
        const result = await runEntry(call, node);
        results.push(result);
        if (result.code < 200 || result.code > 299) break;
      }
      return { status: 200, body: { results } };
    },
  };
};

const ifelse: Method = (params, rules) => {
  const condition = params["if"];
  if (!isObject(condition)) throw invalidRequest('Invalid ifelse request: no valid "if" field');
  const holds = parseCondition(condition);
  const whenTrue = parseBranch(params, "then", rules);
  const whenFalse = parseBranch(params, "else", rules);
  if (whenTrue === undefined && whenFalse === undefined) {
    throw invalidRequest('Invalid ifelse request: at least one of "then"/"else" required');
  }
  return {
    isMeta: true,
    async run(node) {
      const { hardfork, version, height } = node.rules;
      const isTrue = holds(node.rules);
      const branch = isTrue ? whenTrue : whenFalse;
      const result = branch === undefined ? undefined : await runEntry(branch, node);
      return { status: 200, body: { hf: hardfork, v: version, height, condition: isTrue, result } };
    },
  };
};

function parseBranch(params: Params, key: "then" | "else", rules: ServerRules): PreparedCall | undefined {
  const branch = params[key];
  if (branch === undefined) return undefined;
  if (!isObject(branch)) throw invalidRequest(`Invalid ifelse request: ${key} must be an object`);
  const { method, params: own } = branch;
  if (typeof method !== "string" || own === undefined) {
    throw invalidRequest(`Invalid ifelse request: ${key} must have method/params keys`);
  }
  const prepare = findMethod(method, rules);
  if (prepare === undefined) throw invalidRequest(`Invalid ifelse request method "${key}"`);
  return prepare(isObject(own) ? own : {}, rules);
}

function parseCondition(condition: Params): (rules: ServerRules) => boolean {
  const heightAtLeast = readInteger(condition, "height_at_least");
  const heightBefore = readInteger(condition, "height_before");
  const parts = (name: string): readonly number[] | undefined => {
    const list = readIntegers(condition, name);
    return list === undefined || list.length === 0 ? undefined : list;
  };
  const forkAtLeast = parts("hf_at_least");
  const forkBefore = parts("hf_before");
  const versionAtLeast = parts("v_at_least");
  const versionBefore = parts("v_before");
  const all = [heightAtLeast, heightBefore, forkAtLeast, forkBefore, versionAtLeast, versionBefore];
  if (all.every((given) => given === undefined)) {
    throw invalidRequest('Invalid ifelse request: must specify at least one "if" condition');
  }
  return ({ height, hardfork, version }) =>
    (heightAtLeast === undefined || height >= heightAtLeast) &&
    (heightBefore === undefined || height < heightBefore) &&
    (forkAtLeast === undefined || compareParts(hardfork, forkAtLeast) >= 0) &&
    (forkBefore === undefined || compareParts(hardfork, forkBefore) < 0) &&
    (versionAtLeast === undefined || compareParts(version, versionAtLeast) >= 0) &&
    (versionBefore === undefined || compareParts(version, versionBefore) < 0);
}

/** Compares version numbers part by part; parts left out count as zero, parts too many not at all. */
function compareParts(own: readonly number[], given: readonly number[]): number {
  for (const [index, part] of own.entries()) {
    const difference = part - (given[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const methods: MethodTable = {
  ...storeMethods,
  ...readMethods,
  ...changeMethods,
  ...expireMethods,
  ...subaccountMethods,
  batch,
  sequence,
  ifelse,
};

const newerMethods: MethodTable = { ...newerReadMethods, ...newerSubaccountMethods };
