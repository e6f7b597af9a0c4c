import { readdirSync, readFileSync } from "node:fs";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.doUnmock("node:module");
  vi.resetModules();
});

const withoutSodium = (): void => {
  vi.resetModules();
  vi.doMock("node:module", () => ({
    createRequire: () => () => {
      throw new Error("Cannot find module 'sodium-native'");
    },
  }));
};

test("the default backend of Node is libsodium", () => {
  expect(defaultCrypto.name).toBe("node");
});

describe("without sodium-native", () => {
  test("the default backend is the portable one", async () => {
    withoutSodium();
    const { defaultCrypto: fallback } = await import("session-messenger-sdk/crypto");
    expect(fallback.name).toBe("portable");
  });

  test("the Node backend, asked for by name, says what is missing", async () => {
    withoutSodium();
    const { nodeCrypto } = await import("session-messenger-sdk/crypto/node");
    const key = new Uint8Array(32);
    for (const call of [
      () => nodeCrypto.randomBytes(1),
      () => nodeCrypto.x25519(key, key),
      () => nodeCrypto.xchacha20poly1305Decrypt(key, new Uint8Array(24), key),
      () => nodeCrypto.sealedBox(key, key),
    ]) {
      expect(call).toThrow(expect.toSatisfy(({ code }) => code === "CRYPTO_BACKEND_UNAVAILABLE"));
    }
  });
});

test("what the portable doors load never names Node modules or sodium-native", () => {
  const folder = new URL("../../src/crypto/", import.meta.url);
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(new URL(file, folder), "utf8");
    expect(text).not.toMatch(/from "node:|\.node\.js"|createRequire|sodium-native"/);
    for (const [, next] of text.matchAll(/from "\.\/([^"]+)\.js"/g)) visit(`${next}.ts`);
  };
  for (const door of ["portable.ts", "backend.portable.ts", "index.ts", "compliance.ts"]) visit(door);
  expect(seen.size).toBeGreaterThan(10);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining([...seen]));
});

test("errors of the backends are SessionErrors", () => {
  expect(() => defaultCrypto.sha512.call(undefined, new Uint8Array(1))).not.toThrow();
  expect(() => defaultCrypto.x25519(new Uint8Array(1), new Uint8Array(32))).toThrow(
    expect.toSatisfy((error) => isSessionError(error, "CRYPTO_INVALID_LENGTH")),
  );
});
