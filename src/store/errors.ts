import { SessionError } from "../errors/index.js";

/** Codes of the errors that this room throws, in a `SessionError`. */
export type StoreErrorCode =
  /** Another process, or another client of this one, has the folder open. */
  | "STORE_LOCKED"
  /** A record that nothing can stand in for is unreadable: the account, or the version. */
  | "STORE_CORRUPT"
  /** The store holds another account. Nothing was changed. */
  | "STORE_WRONG_ACCOUNT"
  /** The store was written by a newer version of the library. Nothing was changed. */
  | "STORE_VERSION"
  /** A folder was given where there is no file system, or `classic-level` is not installed; give a database instead. */
  | "STORE_UNSUPPORTED"
  /** The database failed: no space, no permission, … The cause says more. */
  | "STORE_FAILED"
  /** The store is closed. */
  | "CLOSED"
  | "INVALID_ARGUMENT";

/** The error for whatever the database threw while doing `action`. */
export function databaseError(error: unknown, action: string): SessionError<StoreErrorCode> {
  if (error instanceof SessionError) return error as SessionError<StoreErrorCode>;
  const codes = causeCodes(error);
  const has = (code: string): boolean => codes.includes(code);
  const options = { cause: error, details: { action, databaseCode: codes.at(-1) } };
  if (has("LEVEL_LOCKED")) {
    return new SessionError("STORE_LOCKED", "the store is open elsewhere", options);
  }
  if (has("LEVEL_CORRUPTION")) return new SessionError("STORE_CORRUPT", "the database is damaged", options);
  if (has("LEVEL_DATABASE_NOT_OPEN") && !has("LEVEL_DATABASE_FAILED") && action !== "open") {
    return new SessionError("CLOSED", "the store is closed", options);
  }
  return new SessionError("STORE_FAILED", `the database failed to ${action}`, options);
}

/** The `code` members of an error and of its causes, outermost first. */
function causeCodes(error: unknown): string[] {
  const codes: string[] = [];
  for (let depth = 0; error instanceof Error && depth < 8; depth++, error = error.cause) {
    if ("code" in error && typeof error.code === "string") codes.push(error.code);
  }
  return codes;
}
