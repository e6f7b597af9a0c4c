import type { CommonErrorCode } from "../errors/index.js";
import { SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`. */
export type TestnetErrorCode =
  | CommonErrorCode
  /** A server of the test network could not be started. */
  | "TESTNET_START_FAILED";

/** Inside this room only: a request that a node answers with 400 `invalid request: <message>`. */
export function invalidRequest(reason: string): SessionError<"RPC_INVALID_REQUEST"> {
  return new SessionError("RPC_INVALID_REQUEST", reason);
}

/** An option that makes no sense. */
export function invalidOption(reason: string): SessionError<TestnetErrorCode> {
  return new SessionError<TestnetErrorCode>("INVALID_ARGUMENT", reason);
}
