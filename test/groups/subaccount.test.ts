import fc from "fast-check";
import { concatBytes, utf8ToBytes } from "session-messenger-sdk/bytes";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  GROUP_ACCESS,
  groupIdOf,
  groupKeyFromSeed,
  isValidAuthData,
  MEMBER_ACCESS,
  memberSigner,
  subaccountAuthData,
  subaccountToken,
} from "session-messenger-sdk/groups";
import type { SessionId } from "session-messenger-sdk/identity";
import { subaccountAuth, verifySubaccount } from "session-messenger-sdk/swarm";
import { describe, expect, test } from "vitest";
import { fromHex } from "../runners/op.js";
import { ourBackends } from "../support/backends.js";
import { account, coded, groupId, groupKey, patience, runs, thrown } from "./support.js";

const member = account(2);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Auth data of a group that vouches for any first four bytes. */
function forged(head: readonly number[], signer = groupKey()): Uint8Array {
  const real = subaccountAuthData(groupKey(), member.sessionId);
  const { token } = memberSigner(groupId(), real, member.ed25519);
  const first = Uint8Array.from(head);
  const signature = nodeCrypto.ed25519Sign(concatBytes(first, token.slice(4)), signer.secretKey);
  return concatBytes(first, real.slice(4, 36), signature);
}

const isValid = (data: Uint8Array, access?: number): boolean =>
  isValidAuthData(data, groupId(), member.ed25519.publicKey, access);

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))(
  "subaccounts with %s",
  (_, crypto) => {
    test("the published example", () => {
      const group = groupKeyFromSeed(
        fromHex("0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210"),
        undefined,
        crypto,
      );
      const pair = crypto.ed25519KeyPair(fromHex("00112233445566778899aabbccddeeff".repeat(2)));
      const x = crypto.ed25519PublicKeyToX25519(pair.publicKey);
      const id = `05${Buffer.from(x).toString("hex")}` as SessionId;
      const signer = memberSigner(
        groupIdOf(group.publicKey),
        subaccountAuthData(group, id, MEMBER_ACCESS, crypto),
        pair,
        crypto,
      );
      expect(base64(signer.token)).toBe("AwMAAIWvMR2nJXCFnK5+hNahNecWqMC39/TVVLjaR3imNug5");
      expect(base64(signer.tokenSignature)).toBe(
        "6brvv/2jfciBAJeRKMGSepNJLullyrVVHijyVDE+8GC5Oc89UNxjNrq1kVV1P+pkUIRDOew24gSLFgLZfdl+BQ==",
      );
      expect(base64(signer.sign(utf8ToBytes("retrieve9991693340111000")))).toBe(
        "c3PJ4g29v5RivKm8Tdg49vGU2/6kVd0yONnpz5U5zePMYptqW3iYQ0TYf2rEzv3qqkPhS5p67M5GAccHoBHGDQ==",
      );
    });

    test("every member signs what a server accepts, whatever the sign of the own key", () => {
      const signs = new Set<number>();
      for (let index = 0; index < 8; index++) {
        const who = account(index, crypto);
        signs.add(who.ed25519.publicKey[31]! >> 7);
        const authData = subaccountAuthData(groupKey(), who.sessionId, MEMBER_ACCESS, crypto);
        expect(isValidAuthData(authData, groupId(), who.ed25519.publicKey, MEMBER_ACCESS, crypto)).toBe(true);
        const auth = subaccountAuth(memberSigner(groupId(), authData, who.ed25519, crypto));
        const message = utf8ToBytes(`store11${index}`);
        const proof = {
          pubkey: groupId(),
          token: fromHex(Buffer.from(auth.fields["subaccount"]!, "base64").toString("hex")),
          tokenSignature: fromHex(Buffer.from(auth.fields["subaccount_sig"]!, "base64").toString("hex")),
          message,
          signature: auth.sign(message),
          access: GROUP_ACCESS.write,
        };
        expect(proof.token).toEqual(subaccountToken(groupKey(), who.sessionId, MEMBER_ACCESS, crypto));
        expect(verifySubaccount(proof, crypto)).toBe(true);
        expect(verifySubaccount({ ...proof, access: GROUP_ACCESS.delete }, crypto)).toBe(false);
        expect(verifySubaccount({ ...proof, message: utf8ToBytes("store12") }, crypto)).toBe(false);
      }
      expect(signs.size).toBe(2);
    });
  },
);

describe("auth data", () => {
  const real = subaccountAuthData(groupKey(), member.sessionId);

  test("grants what its flags say", () => {
    expect([isValid(real), isValid(real, GROUP_ACCESS.write), isValid(real, GROUP_ACCESS.delete)]).toEqual([
      true,
      true,
      false,
    ]);
    const all = subaccountAuthData(groupKey(), member.sessionId, 7);
    expect(isValid(all, 7)).toBe(true);
  });

  test("must allow reading", () => {
    expect(isValid(forged([3, 1, 0, 0]))).toBe(true);
    expect(isValid(forged([3, 2, 0, 0]), GROUP_ACCESS.write)).toBe(false);
    expect(isValid(forged([3, 0, 0, 0]), 0)).toBe(false);
  });

  test("is for prefix 03, or for any", () => {
    expect(isValid(forged([5, 3, 0, 0]))).toBe(false);
    expect(isValid(forged([5, 3 | GROUP_ACCESS.anyPrefix, 0, 0]))).toBe(true);
    expect(isValid(forged([3, 3 | GROUP_ACCESS.anyPrefix, 0, 0]))).toBe(true);
  });

  test("is signed by the group, for one member", () => {
    expect(isValid(forged([3, 3, 0, 0], groupKey(1)))).toBe(false);
    expect(isValidAuthData(real, groupId(1), member.ed25519.publicKey)).toBe(false);
    expect(isValidAuthData(real, groupId(), account(3).ed25519.publicKey)).toBe(false);
    const altered = real.slice();
    altered[10] = altered[10]! ^ 1;
    expect(isValid(altered)).toBe(false);
  });

  test("has 100 bytes and a factor that is not zero", () => {
    for (const length of [0, 99, 101]) {
      expect(isValid(new Uint8Array(length))).toBe(false);
      expect(thrown(() => memberSigner(groupId(), new Uint8Array(length), member.ed25519))).toEqual(
        coded("GROUP_INVALID_AUTH_DATA"),
      );
    }
    const zero = real.slice().fill(0, 4, 36);
    expect(isValid(zero)).toBe(false);
    expect(thrown(() => memberSigner(groupId(), zero, member.ed25519))).toEqual(
      coded("GROUP_INVALID_AUTH_DATA"),
    );
  });

  test("that is random is never valid, and never an exception", patience, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 90, maxLength: 110 }), fc.nat(15), (data, access) => {
        expect(isValid(data, access)).toBe(false);
      }),
      runs(100),
    );
  });
});

describe("tokens", () => {
  test("are the same from every admin, and differ by member, group and rights", () => {
    const token = (group: number, who: number, flags?: number): string =>
      base64(subaccountToken(groupKey(group), account(who).sessionId, flags));
    expect(token(0, 1)).toBe(token(0, 1));
    expect(new Set([token(0, 1), token(0, 2), token(1, 1), token(0, 1, 1)]).size).toBe(4);
    // The member's key in them is the same whatever the rights.
    expect(subaccountToken(groupKey(), member.sessionId, 7).slice(4)).toEqual(
      subaccountToken(groupKey(), member.sessionId, 1).slice(4),
    );
  });

  test("are refused for ids without a usable key, and for rights that do not exist", () => {
    for (const id of [`05${"00".repeat(32)}`, `05${"ff".repeat(32)}`, "05", groupId()])
      for (const make of [subaccountToken, subaccountAuthData])
        expect(thrown(() => make(groupKey(), id as SessionId))).toEqual(coded("GROUP_INVALID_MEMBER"));
    for (const flags of [-1, 16, 1.5])
      expect(thrown(() => subaccountToken(groupKey(), member.sessionId, flags))).toEqual(
        coded("GROUP_INVALID_VALUE"),
      );
  });

  test("signing with somebody else's auth data gives a signature that no server takes", () => {
    const authData = subaccountAuthData(groupKey(), member.sessionId);
    const thief = memberSigner(groupId(), authData, account(9).ed25519);
    const message = utf8ToBytes("retrieve111");
    expect(
      verifySubaccount({
        pubkey: groupId(),
        token: thief.token,
        tokenSignature: thief.tokenSignature,
        message,
        signature: thief.sign(message),
        access: GROUP_ACCESS.read,
      }),
    ).toBe(false);
  });
});
