/**
 * The few assertions that the compliance suite needs, so that it depends on no test framework.
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { Crypto, CryptoErrorCode } from "./types.js";

/** One requirement on a backend. */
export interface ComplianceCheck {
  /** What is required, fit for a test title. */
  readonly name: string;
  /**
   * Throws when `crypto` does not meet it: a `SessionError` of code `CRYPTO_NOT_COMPLIANT`, or what the backend itself
   * threw where it had to give a result.
   */
  run(crypto: Crypto): void;
}

/** `length` bytes that count up from `start`. */
export function run(start: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (start + i) & 255);
}

/** Requires plain bytes of a given value. */
export function expectBytes(actual: Uint8Array, expectedHex: string): void {
  if (Object.getPrototypeOf(actual) !== Uint8Array.prototype) fail("the result is not a plain Uint8Array");
  const hex = bytesToHex(actual);
  if (hex !== expectedHex) fail("the result is wrong", { expected: expectedHex, got: hex });
}

/** Requires a value. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) fail(what, { expected, got: actual });
}

/** Requires a refusal with a given code. */
export function expectRefusal(code: CryptoErrorCode, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (isSessionError(error, code)) return;
    fail(`the refusal should be a SessionError of code ${code}`, { got: String(error) });
  }
  fail(`the input should be refused with ${code}`);
}

/** Every way of changing one byte of `bytes`: one bit of each. */
export function* corruptions(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    yield changed;
  }
}

function fail(reason: string, details: Record<string, unknown> = {}): never {
  throw new SessionError("CRYPTO_NOT_COMPLIANT", reason, { details });
}
