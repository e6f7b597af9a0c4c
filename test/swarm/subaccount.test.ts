import fc from "fast-check";
import {
  encodeSubaccountToken,
  parseSubaccountAuthData,
  parseSubaccountToken,
  requiredAccess,
  SUBACCOUNT_ACCESS,
  subaccountTokenFromText,
  verifySubaccount,
} from "session-messenger-sdk/swarm";
import { describe, expect, it } from "vitest";
import type { Json } from "../runners/op.js";
import { readVectors } from "../support/vectors.js";
import { backends } from "./support.js";

const invalid = expect.objectContaining({ code: "INVALID_ARGUMENT" });
const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const { read, write, delete: remove, anyPrefix } = SUBACCOUNT_ACCESS;

// docs/protocol/swarm.md §2.1
const known = {
  pubkey: "03c50cb3ae956947a8de19135b5be2685ff348afc63fc34a837aca12bc5c1f5625",
  token: base64("AwMAAIWvMR2nJXCFnK5+hNahNecWqMC39/TVVLjaR3imNug5"),
  tokenSignature: base64(
    "6brvv/2jfciBAJeRKMGSepNJLullyrVVHijyVDE+8GC5Oc89UNxjNrq1kVV1P+pkUIRDOew24gSLFgLZfdl+BQ==",
  ),
  signature: base64(
    "c3PJ4g29v5RivKm8Tdg49vGU2/6kVd0yONnpz5U5zePMYptqW3iYQ0TYf2rEzv3qqkPhS5p67M5GAccHoBHGDQ==",
  ),
  message: new TextEncoder().encode("retrieve9991693340111000"),
  access: read,
};

describe.each(backends)("subaccount proofs with $name", (crypto) => {
  it("hold for the known answer", () => {
    expect(verifySubaccount(known, crypto)).toBe(true);
    expect(verifySubaccount({ ...known, access: read | write }, crypto)).toBe(true);
  });

  it.each([
    ["a missing right", { access: read | remove }],
    ["another message", { message: new TextEncoder().encode("retrieve9991693340111001") }],
    ["another account", { pubkey: `03${"0".repeat(62)}01` }],
    ["another prefix", { pubkey: known.pubkey.replace(/^03/, "05") }],
    ["flags that the admin did not sign", { token: known.token.map((byte, i) => (i === 1 ? 7 : byte)) }],
    ["signatures changed over", { signature: known.tokenSignature, tokenSignature: known.signature }],
  ])("fail for %s", (_, change) => {
    expect(verifySubaccount({ ...known, ...change }, crypto)).toBe(false);
  });

  it("serve any prefix with that flag", () => {
    const account = crypto.ed25519KeyPair(new Uint8Array(32).fill(1));
    const member = crypto.ed25519KeyPair(new Uint8Array(32).fill(2));
    const flags = read | anyPrefix;
    const token = encodeSubaccountToken({ prefix: 5, flags, publicKey: member.publicKey });
    expect(
      verifySubaccount(
        {
          pubkey: `03${Buffer.from(account.publicKey).toString("hex")}`,
          token,
          tokenSignature: crypto.ed25519Sign(token, account.secretKey),
          message: known.message,
          signature: crypto.ed25519Sign(known.message, member.secretKey),
          access: read,
        },
        crypto,
      ),
    ).toBe(true);
  });

  it("agree with a real server about every recorded subaccount request", () => {
    const answers = recordedProofs().map((proof) => verifySubaccount(proof, crypto));
    expect(answers).toEqual(recordedProofs().map(({ accepted }) => accepted));
    expect(new Set(answers)).toEqual(new Set([true, false]));
  });
});

/** Recorded requests with a subaccount whose answer does not hang on revocation, and whether they were accepted. */
function recordedProofs(): (typeof known & { accepted: boolean })[] {
  return readVectors("storage-rpc").transcripts.flatMap(({ id, request, response, signatures }: Json) => {
    const { method, params } = request.body?.startsWith("{")
      ? parse(request.body)
      : { method: "", params: {} };
    if (params?.subaccount_sig === undefined || /revoked$|retrieve2$/.test(id)) return [];
    const access = requiredAccess(method, params.namespace);
    if (access === undefined || ![200, 401].includes(response.status)) return [];
    return {
      accepted: response.status === 200,
      pubkey: params.pubkey,
      token: subaccountTokenFromText(params.subaccount),
      tokenSignature: base64(params.subaccount_sig),
      message: new TextEncoder().encode(signatures[0].message),
      signature: base64(params.signature),
      access,
    };
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return { method: "", params: {} };
  }
}

describe("subaccount tokens", () => {
  it("are read from base64 and hexadecimal text", () => {
    expect(subaccountTokenFromText(Buffer.from(known.token).toString("base64"))).toEqual(known.token);
    expect(subaccountTokenFromText(Buffer.from(known.token).toString("hex"))).toEqual(known.token);
  });

  it("of 35 bytes get a zero byte, as on servers", () => {
    const short = known.token.subarray(0, 35);
    expect(subaccountTokenFromText(Buffer.from(short).toString("base64"))).toEqual(
      Uint8Array.from([...short, 0]),
    );
  });

  it.each(["", "-".repeat(48), "z".repeat(72), "AwMAAIWvMR2nJXCFnK5+hNahNecWqMC39/TVVLjaR3imNug"])(
    "are not %j",
    (text) => {
      expect(() => subaccountTokenFromText(text)).toThrow(invalid);
    },
  );

  it("survive encoding and parsing", () => {
    const byte = fc.nat(255);
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(byte, byte, key, (prefix, flags, publicKey) => {
        const token = { prefix, flags, publicKey: Uint8Array.from(publicKey) };
        expect(parseSubaccountToken(encodeSubaccountToken(token))).toEqual(token);
      }),
    );
  });

  it("and auth data of another length are refused", () => {
    expect(() => parseSubaccountToken(new Uint8Array(35))).toThrow(invalid);
    expect(() => parseSubaccountAuthData(new Uint8Array(99))).toThrow(invalid);
    expect(() => encodeSubaccountToken({ prefix: 256, flags: 0, publicKey: new Uint8Array(32) })).toThrow(
      invalid,
    );
    expect(() => encodeSubaccountToken({ prefix: 3, flags: 0, publicKey: new Uint8Array(31) })).toThrow(
      invalid,
    );
  });

  it("come out of the auth data of the vectors", () => {
    const steps: Json[] = readVectors("subaccount-auth").cases.find(({ name }: Json) => name === "upstream")
      .input.steps;
    const { signing_value } = steps.find(({ op }) => op === "group.subaccount_sign");
    const data = parseSubaccountAuthData(new Uint8Array(Buffer.from(signing_value, "hex")));
    expect([data.prefix, data.flags]).toEqual([3, read | write]);
    expect(data.tokenSignature).toEqual(known.tokenSignature);
  });

  it("need the rights of the method", () => {
    expect(requiredAccess("store", 11)).toBe(write);
    expect(requiredAccess("store", -1)).toBe(write | remove);
    expect(requiredAccess("retrieve")).toBe(read);
    expect(requiredAccess("expire")).toBe(write);
    expect(requiredAccess("delete")).toBe(remove);
    expect(requiredAccess("revoke_subaccount")).toBeUndefined();
  });
});
