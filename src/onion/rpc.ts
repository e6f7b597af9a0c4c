/**
 * The payload for a service node: a storage RPC call (docs/protocol/onion.md §3.1).
 *
 * @module
 */
import { utf8ToBytes } from "../bytes/index.js";
import { onionError } from "./errors.js";

/** A storage RPC call. */
export interface RpcCall {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Compact JSON `{"method":…,"params":…}`.
 *
 * @throws `ONION_INVALID_ARGUMENT` for params that JSON cannot hold, such as bigints
 */
export function encodeRpcPayload({ method, params }: RpcCall): Uint8Array {
  try {
    return utf8ToBytes(JSON.stringify({ method, params }));
  } catch (cause) {
    throw onionError("ONION_INVALID_ARGUMENT", "the params do not fit in JSON", { method }, cause);
  }
}
