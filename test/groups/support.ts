/** Accounts and groups for tests: everything follows from small numbers. */
import type { Crypto, Ed25519KeyPair } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError } from "session-messenger-sdk/errors";
import { GroupKeys, groupIdOf, groupKeyFromSeed } from "session-messenger-sdk/groups";
import { type Account, accountFromSeed, type GroupId, type SessionId } from "session-messenger-sdk/identity";
import { expect } from "vitest";

/** Runs of a property test: few by default, more with FC_RUNS. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env["FC_RUNS"] ?? 1),
});

/** Time for a property test that was given more runs. */
export const patience: { readonly timeout: number } = {
  timeout: 30_000 * Number(process.env["FC_RUNS"] ?? 1),
};

export const DAY = 24 * 60 * 60 * 1000;
/** 2025-10-09, unix milliseconds. */
export const NOW = 1_760_000_000_000;

/** The account of a number; about half of them have a public key with sign bit 1. */
export function account(index: number, crypto: Crypto = nodeCrypto): Account {
  const seed = new Uint8Array(16).fill(index % 251);
  seed[0] = Math.floor(index / 251);
  seed[1] = 0xac;
  return accountFromSeed(seed, crypto);
}

export const ids = (count: number, from = 0): SessionId[] =>
  Array.from({ length: count }, (_, i) => account(from + i).sessionId);

/** The key pair of a group of a number. */
export function groupKey(index = 0): Ed25519KeyPair {
  return groupKeyFromSeed(new Uint8Array(32).fill(0x60 + index), undefined, nodeCrypto);
}

export const groupId = (index = 0): GroupId => groupIdOf(groupKey(index).publicKey);

export function adminKeys(who: Account, crypto: Crypto = nodeCrypto, group = 0): GroupKeys {
  return new GroupKeys({
    groupId: groupId(group),
    account: who,
    seed: groupKey(group).secretKey.subarray(0, 32),
    crypto,
  });
}

export function memberKeys(who: Account, crypto: Crypto = nodeCrypto, group = 0): GroupKeys {
  return new GroupKeys({ groupId: groupId(group), account: who, crypto });
}

/** Matches a `SessionError` with one of these codes and, if given, these details. */
export function coded(code: string, details: Readonly<Record<string, unknown>> = {}): unknown {
  return expect.toSatisfy(
    (error: unknown) =>
      isSessionError(error, code) &&
      Object.entries(details).every(([key, value]) => error.details[key] === value),
    `a SessionError of code ${code} ${JSON.stringify(details)}`,
  );
}

/** What a throwing call threw. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
