import fc from "fast-check";
import { utf8ToBytes } from "session-messenger-sdk/bytes";
import { encryptForMultipleSimple, x25519KeyPairFromEd25519 } from "session-messenger-sdk/crypto";
import { buildRemovalNotice, readRemovalNotice } from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { fromHex } from "../runners/op.js";
import { ourBackends } from "../support/backends.js";
import { account, coded, groupId, groupKey, patience, runs, thrown } from "./support.js";

const [one, two, other] = [account(1), account(2), account(3)] as const;

/** A container as an admin could make it by hand. */
function container(plaintext: Uint8Array, domain = "SessionGroupKickedMessage", group = 0): Uint8Array {
  return encryptForMultipleSimple([plaintext], [one.x25519.publicKey], {
    sender: x25519KeyPairFromEd25519(groupKey(group).secretKey),
    domain,
  });
}

const text = (suffix: string, id: string = one.sessionId): Uint8Array =>
  new Uint8Array([...fromHex(id.slice(2)), ...utf8ToBytes(suffix)]);

const read = (data: Uint8Array): number | undefined => readRemovalNotice(data, groupId(), one.x25519);

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))(
  "a notice with %s",
  (_, crypto) => {
    test("tells those it names, and nobody else", () => {
      const data = buildRemovalNotice(groupKey(), [one.sessionId, two.sessionId], 12, {}, crypto);
      expect(readRemovalNotice(data, groupId(), one.x25519, crypto)).toBe(12);
      expect(readRemovalNotice(data, groupId(), two.x25519, crypto)).toBe(12);
      expect(readRemovalNotice(data, groupId(), other.x25519, crypto)).toBeUndefined();
      expect(readRemovalNotice(data, groupId(1), one.x25519, crypto)).toBeUndefined();
    });
  },
);

test("the same nonce gives the same bytes", () => {
  const nonce = new Uint8Array(24).fill(1);
  const make = (): Uint8Array => buildRemovalNotice(groupKey(), [one.sessionId], 0, { nonce });
  expect(make()).toEqual(make());
  expect(Buffer.from(make().subarray(0, 8)).toString()).toBe("d1:#24:\x01");
});

test.each([
  ["generation 0", text("0"), 0],
  ["generation 7", text("7"), 7],
  ["no generation", text(""), undefined],
  ["a sign", text("-1"), undefined],
  ["a space", text(" 1"), undefined],
  ["letters", text("1a"), undefined],
  ["a line break", text("1\n"), undefined],
  ["digits of another alphabet", text("١"), undefined],
  ["more digits than a number holds", text("9".repeat(16)), undefined],
  ["somebody else's key", text("1", two.sessionId), undefined],
  ["too few bytes", new Uint8Array(31), undefined],
] as const)("a plaintext with %s", (_, plaintext, generation) => {
  expect(read(container(plaintext))).toBe(generation);
});

test("of another domain or group is not for us", () => {
  expect(read(container(text("1"), "SessionGroupKeyMemberKey"))).toBeUndefined();
  expect(read(container(text("1"), undefined, 1))).toBeUndefined();
});

test("random bytes are no notice", patience, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      expect(read(data)).toBeUndefined();
    }),
    runs(100),
  );
});

test("needs members and a generation", () => {
  for (const members of [[], ["05aa" as SessionId]])
    expect(thrown(() => buildRemovalNotice(groupKey(), members, 0))).toEqual(coded("GROUP_INVALID_MEMBER"));
  for (const generation of [-1, 0.5])
    expect(thrown(() => buildRemovalNotice(groupKey(), [one.sessionId], generation))).toEqual(
      coded("GROUP_INVALID_VALUE"),
    );
});
