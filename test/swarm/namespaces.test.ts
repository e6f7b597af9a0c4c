import fc from "fast-check";
import {
  checkNamespace,
  isPublicInbox,
  isPublicOutbox,
  isUnrevocable,
  maxSizeFractions,
  messageHash,
  NAMESPACES,
  namespaceText,
  retrieveNeedsSignature,
  storeNeedsSignature,
} from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import { backends } from "./support.js";

describe("namespace rules", () => {
  const all = Array.from({ length: 201 }, (_, index) => index - 100).concat([
    -101, -111, -211, -32768, 32767,
  ]);

  it("know public inboxes by tens, of either sign", () => {
    expect(all.filter(isPublicInbox).filter((n) => Math.abs(n) <= 30)).toEqual([
      -30, -20, -10, 0, 10, 20, 30,
    ]);
  });

  it("know public outboxes", () => {
    expect(all.filter(isPublicOutbox)).toEqual([-81, -61, -41, -21, -1, -101]);
  });

  it("know unrevocable namespaces", () => {
    expect(all.filter(isUnrevocable)).toEqual([-11, -111, -211]);
  });

  it("say which calls need a signature", () => {
    expect([0, 20, -10, 2, -1, -11, 11].map(storeNeedsSignature)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect([0, 20, -10, 2, -1, -11].map(retrieveNeedsSignature)).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it("have one text each, empty for 0", () => {
    expect([0, 5, -10, "all" as const].map(namespaceText)).toEqual(["", "5", "-10", "all"]);
    expect(Object.is(checkNamespace(-0), 0)).toBe(true);
  });

  it.each([1.5, 32768, -32769, Number.NaN, Number.POSITIVE_INFINITY])("refuse %d", (namespace) => {
    expect(() => checkNamespace(namespace)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("shares of one reply", () => {
  it("are those of the desktop app", () => {
    expect(maxSizeFractions([0, 2, 3, 5, 4])).toEqual([-2, -8, -8, -8, -8]);
    expect(maxSizeFractions([-11, 11, 13, 14, 12])).toEqual([-8, -2, -8, -8, -8]);
    expect(maxSizeFractions([3])).toEqual([-1]);
    expect(maxSizeFractions([0])).toEqual([-1]);
    expect(maxSizeFractions([])).toEqual([]);
  });

  it("never add up to more than a whole", () => {
    const namespace = fc.constantFrom(...Object.values(NAMESPACES), 21, -21);
    fc.assert(
      fc.property(fc.uniqueArray(namespace, { minLength: 1 }), (namespaces) => {
        const shares = maxSizeFractions(namespaces);
        const sum = shares.reduce((total, share) => total + 1 / -share, 0);
        return shares.length === namespaces.length && shares.every(Number.isInteger) && sum <= 1 + 1e-9;
      }),
    );
  });
});

describe.each(backends)("message hash with $name", (crypto) => {
  const id = "05fe94b7ad4b7f1cc1bb92671f1f0d243f226e115b33770465e82b503fc3e96e1f";
  const data = new TextEncoder().encode("hi");

  it.each([
    [0, "9dV1g24nfcPeodqMlsU9P9EK84wsPfzIdpHojt4dpkI"],
    [-11, "SApAzxqtROAGUTLvreZ4qWH4akgwnFdy4N0q1FBVpT8"],
  ])("in namespace %d", (namespace, hash) => {
    expect(messageHash(id, namespace, data, crypto)).toBe(hash);
    expect(messageHash(id.toUpperCase(), namespace, data, crypto)).toBe(hash);
  });
});
