/**
 * The one error type of the package, and the types every waiting function shares.
 *
 * Each failure is a {@link SessionError} with a literal `code` to switch on, a one-sentence message, structured
 * `details` and, where there is one, a `cause`. Messages and details never hold secrets: no seeds, no keys that
 * decrypt, no plaintext.
 *
 * @module
 */
export { onAbort } from "./abort.js";

/** What a {@link SessionError} may carry besides its code and message. */
export interface SessionErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Facts about the failure: lengths, statuses, ids. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Every error that this package throws.
 *
 * @typeParam Code - the literal codes a function may throw
 */
export class SessionError<Code extends string = string> extends Error {
  override readonly name = "SessionError";
  /** Stable, machine-readable reason. */
  readonly code: Code;
  /** Facts about the failure, safe to log. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: SessionErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = Object.freeze({ ...options.details });
  }

  /** The first error in the chain of causes (this one included) for which `matches` is true. */
  walk(matches: (error: unknown) => boolean): unknown {
    const seen = new Set<unknown>();
    let error: unknown = this;
    while (error !== undefined && !seen.has(error)) {
      if (matches(error)) return error;
      seen.add(error);
      error = error instanceof Error ? error.cause : undefined;
    }
    return undefined;
  }

  /** A form fit for logs: code, message, details and the chain of causes, without stacks. */
  toJSON(): Record<string, unknown> {
    const cause = this.cause;
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      details: this.details,
      ...(cause === undefined
        ? {}
        : {
            cause:
              cause instanceof SessionError
                ? cause.toJSON()
                : cause instanceof Error
                  ? cause.message
                  : "unknown",
          }),
    };
  }
}

/** True when `error` is a {@link SessionError}, and, if codes are given, has one of them. */
export function isSessionError<Code extends string>(
  error: unknown,
  ...codes: readonly Code[]
): error is SessionError<Code> {
  return (
    error instanceof SessionError && (codes.length === 0 || (codes as readonly string[]).includes(error.code))
  );
}

/** Codes that functions of any room may use. */
export type CommonErrorCode = "ABORTED" | "TIMEOUT" | "INVALID_ARGUMENT" | "CLOSED";

/** Options of every function that waits. */
export interface AbortOptions {
  /** Aborting it ends the call with a {@link SessionError} of code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws `ABORTED` if `signal` is already aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/** The error for an aborted `signal`; its reason becomes the cause. */
export function abortedError(signal: AbortSignal): SessionError<"ABORTED"> {
  return new SessionError("ABORTED", "the operation was aborted", { cause: signal.reason });
}
