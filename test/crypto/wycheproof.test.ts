import { existsSync, readFileSync } from "node:fs";
import type { Crypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { beforeAll, describe, expect, test } from "vitest";
import { fromHex, type Json, toHex } from "../runners/op.js";
import { allBackends } from "../support/backends.js";

const folder = new URL("../../../shared/wycheproof/", import.meta.url);
const present = existsSync(folder);

/** What is to come out of a case: hex, or the code of the refusal, or one of these for signatures and tags. */
type Expected = string | boolean;
interface Case {
  readonly id: number;
  readonly expected: Expected;
  readonly compute: (crypto: Crypto) => Uint8Array | boolean;
}
interface Suite {
  readonly file: string;
  /** Cases in the file, and of these: how many our interface refuses for their key, iv or tag length. */
  readonly total: number;
  readonly wrongLengths: number;
  readonly cases: (group: Json, test: Json) => Case;
}

const WRONG_LENGTH = "CRYPTO_INVALID_LENGTH";
const FAILED = "CRYPTO_DECRYPT_FAILED";

/** The expected result of a decryption. */
const opened = (item: Json, lengthsFit: boolean): Expected =>
  !lengthsFit ? WRONG_LENGTH : item.result === "valid" ? item.msg : FAILED;

const suites: readonly Suite[] = [
  {
    file: "ed25519",
    total: 151,
    wrongLengths: 12,
    cases: (group, item) => ({
      id: item.tcId,
      expected: item.sig.length === 128 ? item.result === "valid" : WRONG_LENGTH,
      compute: (crypto) =>
        crypto.ed25519Verify(fromHex(item.sig), fromHex(item.msg), fromHex(group.publicKey.pk)),
    }),
  },
  {
    file: "x25519",
    total: 518,
    wrongLengths: 0,
    cases: (_, item) => ({
      id: item.tcId,
      expected: /^0+$/.test(item.shared) ? "CRYPTO_LOW_ORDER" : item.shared,
      compute: (crypto) => crypto.x25519(fromHex(item.private), fromHex(item.public)),
    }),
  },
  {
    file: "aes_gcm",
    total: 316,
    wrongLengths: 250,
    cases: (group, item) => ({
      id: item.tcId,
      expected: opened(item, group.keySize === 256 && group.ivSize === 96),
      compute: (crypto) =>
        crypto.aes256gcmDecrypt(
          fromHex(item.key),
          fromHex(item.iv),
          fromHex(item.ct + item.tag),
          fromHex(item.aad),
        ),
    }),
  },
  {
    file: "xchacha20_poly1305",
    total: 315,
    wrongLengths: 9,
    cases: (group, item) => ({
      id: item.tcId,
      expected: opened(item, group.ivSize === 192),
      compute: (crypto) =>
        crypto.xchacha20poly1305Decrypt(
          fromHex(item.key),
          fromHex(item.iv),
          fromHex(item.ct + item.tag),
          fromHex(item.aad),
        ),
    }),
  },
  {
    file: "hmac_sha256",
    total: 174,
    wrongLengths: 0,
    // Truncated tags are compared here: the interface gives whole ones.
    cases: (group, item) => ({
      id: item.tcId,
      expected: item.result === "valid",
      compute: (crypto) =>
        toHex(crypto.hmacSha256(fromHex(item.key), fromHex(item.msg))).slice(0, group.tagSize / 4) ===
        item.tag,
    }),
  },
  {
    file: "aes_cbc_pkcs5",
    total: 216,
    wrongLengths: 144,
    cases: (group, item) => ({
      id: item.tcId,
      expected: opened(item, group.keySize === 256),
      compute: (crypto) => crypto.aes256cbcDecrypt(fromHex(item.key), fromHex(item.iv), fromHex(item.ct)),
    }),
  },
];

beforeAll(() => {
  if (!present) console.log("Wycheproof cases are skipped: ../shared/wycheproof is not there");
});

describe.skipIf(!present)("Wycheproof", () => {
  for (const suite of suites) {
    const cases = present ? readCases(suite) : [];

    test(`${suite.file}: the file has the cases that are expected`, () => {
      expect(cases.length).toBe(suite.total);
      expect(cases.filter(({ expected }) => expected === WRONG_LENGTH).length).toBe(suite.wrongLengths);
    });

    test.each(allBackends)(`${suite.file}: $name`, (crypto) => {
      const wrong = cases.map(({ id, expected, compute }) => ({
        id,
        expected,
        got: answer(crypto, compute),
      }));
      expect(wrong.filter(({ expected, got }) => expected !== got)).toEqual([]);
    });
  }
});

function readCases({ file, cases }: Suite): Case[] {
  const { testGroups } = JSON.parse(readFileSync(new URL(`${file}_test.json`, folder), "utf8"));
  return testGroups.flatMap((group: Json) => group.tests.map((item: Json) => cases(group, item)));
}

function answer(crypto: Crypto, compute: Case["compute"]): Expected {
  try {
    const result = compute(crypto);
    return typeof result === "boolean" ? result : toHex(result);
  } catch (error) {
    if (isSessionError(error)) return error.code;
    throw error;
  }
}
