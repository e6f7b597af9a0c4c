/**
 * The errors of this room.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";

/** Codes that functions of this room throw, in a `SessionError`. */
export type OnionErrorCode =
  /** A path, destination or option that no request can be built from. */
  | "ONION_INVALID_ARGUMENT"
  /** A public key is not 32 bytes of hex, or gives an all-zero shared secret. */
  | "ONION_INVALID_KEY"
  /** A request or reply is larger than the network carries. */
  | "ONION_TOO_LARGE"
  /** A layer does not open with this key and encryption type. */
  | "ONION_DECRYPT_FAILED"
  /** `length ‖ blob ‖ JSON` is cut short or its JSON is no object. */
  | "ONION_PACK_INVALID"
  /** A v4 request or reply breaks the format. */
  | "ONION_V4_INVALID"
  /** Client: no layer key opens the reply. A path failure. */
  | "ONION_REPLY_UNREADABLE"
  /** Client: the destination's key opens the reply, but its contents break the format. */
  | "ONION_REPLY_INVALID"
  /** Client: a node on the path answered in place of the destination. `details`: `hop`, `node`, `status`, `body`. */
  | "ONION_HOP_ERROR"
  /** Node: the HTTP body is no onion request. */
  | "ONION_INVALID_REQUEST"
  /** Node: the layer does not open with this node's key. */
  | "ONION_INVALID_CIPHERTEXT"
  /** Node: the layer opens, but its instructions make no sense. */
  | "ONION_INVALID_LAYER"
  /** Node: the request has passed too many hops. */
  | "ONION_TOO_MANY_HOPS";

/** An error of this room. */
export function onionError(
  code: OnionErrorCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
  cause?: unknown,
): SessionError<OnionErrorCode> {
  return new SessionError(code, message, { details, cause });
}
