import fc from "fast-check";
import type { JsonObject } from "session-messenger-sdk/bytes";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  buildOnionRequest,
  checkHopNumber,
  clientLayerSecret,
  type EncType,
  MAX_ONION_BODY,
  onionRefusal,
  openServerRequest,
  packPayload,
  parseEncType,
  parseOnionRequest,
  peelOnionLayer,
  sealNodeReply,
  sealOnionReply,
  unpackPayload,
} from "session-messenger-sdk/onion";
import { describe, expect, test } from "vitest";
import {
  backends,
  bytes,
  client,
  ephemeralKey,
  layerOf,
  next,
  node,
  onlySessionErrors,
  runs,
  serverDestination,
  sessionError,
  utf8,
} from "./support.js";

const refusal = (run: () => unknown) => onionRefusal(sessionError(run));

test("encryption types by name", () => {
  const names = [
    "aes-gcm",
    "gcm",
    "xchacha20",
    "xchacha20-poly1305",
    "aes-cbc",
    "cbc",
    "AES-GCM",
    "",
    "toString",
  ];
  expect(names.map(parseEncType)).toEqual([
    "aes-gcm",
    "aes-gcm",
    "xchacha20",
    "xchacha20",
    "aes-cbc",
    "aes-cbc",
    undefined,
    undefined,
    undefined,
  ]);
});

describe("the outer body", () => {
  const parse = (control: JsonObject, blob = utf8("blob")) => parseOnionRequest(packPayload(blob, control));
  const key = { ephemeral_key: client.hop.x25519PublicKey };

  test("defaults", () => {
    expect(parse(key)).toEqual({ ciphertext: utf8("blob"), ephemeralKey, encType: "aes-gcm", hopNo: 0 });
  });

  test.each([
    [5, 5],
    [-3, 0],
    [2.9, 2],
    [200, 200],
  ])("hop_no %d counts as %d", (hop_no, hopNo) => expect(parse({ ...key, hop_no })).toMatchObject({ hopNo }));

  test.each([
    [{}, "[json.exception.out_of_range.403] key 'ephemeral_key' not found"],
    [{ ephemeral_key: "00" }, "Hex key data is invalid: expected 32 hex digits, received 2"],
    [{ ...key, enc_type: "rot13" }, "Invalid encryption type rot13"],
    [{ ...key, hop_no: "1" }, "[json.exception.type_error.302] hop_no must be number"],
  ])("%j is refused in clear", (control, reason) => {
    expect(refusal(() => parse(control))).toEqual({
      status: 400,
      body: `Error parsing onion request: ${reason}`,
      encrypted: false,
    });
  });

  test("a body above 10 MiB is refused unread", () => {
    expect(refusal(() => parseOnionRequest(new Uint8Array(MAX_ONION_BODY + 1)))).toEqual({
      status: 413,
      body: "Request body too large",
      encrypted: false,
    });
  });

  test("hop numbers above 15 are refused after the guard", () => {
    expect(() => checkHopNumber(15)).not.toThrow();
    expect(refusal(() => checkHopNumber(16))).toEqual({
      status: 400,
      body: "onion request max path length exceeded",
      encrypted: false,
    });
  });

  test("the upstream framing examples", () => {
    const framed = (length: number, json: string) => {
      const packed = new Uint8Array(4 + length + json.length);
      packed[0] = length;
      packed.set(utf8(json), 4 + length);
      return unpackPayload(packed);
    };
    expect(framed(39, '{"enc_type":"aes-gcm"}').blob.length).toBe(39);
    expect(framed(51, '{"enc_type":"xchacha20"}').control).toEqual({ enc_type: "xchacha20" });
  });
});

describe.each(backends)("a layer that does not open, %s backend", (name, crypto) => {
  const invalid = { status: 400, body: "Invalid ciphertext", encrypted: false };

  test.each(["aes-gcm", "xchacha20"] as const)("%s: one changed byte anywhere", (encType) => {
    const layer = layerOf(packPayload(utf8("blob"), { headers: "" }), encType);
    const step = name === "portable" ? 5 : 1;
    for (let at = 0; at < layer.ciphertext.length; at += step) {
      const ciphertext = layer.ciphertext.slice();
      ciphertext[at] = (ciphertext[at] as number) ^ 0x80;
      expect(refusal(() => peelOnionLayer({ ...layer, ciphertext }, node.keys, crypto))).toEqual(invalid);
    }
  });

  test("another key, another type, too short, a key of low order", () => {
    const layer = layerOf(packPayload(utf8("blob"), { headers: "" }), "xchacha20");
    for (const changed of [
      { ephemeralKey: next.keys.publicKey },
      { encType: "aes-gcm" as const },
      { encType: "aes-cbc" as const },
      { ciphertext: layer.ciphertext.subarray(0, 39) },
      { ciphertext: new Uint8Array(0) },
      { ephemeralKey: new Uint8Array(32) },
    ])
      expect(refusal(() => peelOnionLayer({ ...layer, ...changed }, node.keys, crypto))).toEqual(invalid);
    expect(refusal(() => peelOnionLayer(layer, next.keys, crypto))).toEqual(invalid);
  });
});

describe("replies of a node", () => {
  const opened = (sealed: Uint8Array) => Buffer.from(sealed).toString("utf8");

  test("the plaintext has the members in the server's order, JSON text untouched", () => {
    const secret = clientLayerSecret("xchacha20", client.keys, node.keys.publicKey, nodeCrypto);
    const plaintextOf = (reply: Parameters<typeof sealNodeReply>[0], json: boolean) => {
      const layer = { ephemeralKey, encType: "xchacha20" as const, json };
      const raw = Buffer.from(opened(sealNodeReply(reply, layer, node.keys)), "base64");
      const key = nodeCrypto.blake2b(Buffer.concat([secret.shared, ephemeralKey, node.keys.publicKey]), {
        size: 32,
      });
      return opened(nodeCrypto.xchacha20poly1305Decrypt(key, raw.subarray(0, 24), raw.subarray(24)));
    };
    const result = { status: 200, body: '{"swarm_id":18446744073709551614}', isJson: true };
    expect(plaintextOf(result, true)).toBe('{"body":{"swarm_id":18446744073709551614},"status":200}');
    expect(plaintextOf(result, false)).toBe('{"body":"{\\"swarm_id\\":18446744073709551614}","status":200}');
    expect(plaintextOf({ status: 400, body: "Invalid json" }, true)).toBe(
      '{"body":"Invalid json","status":400}',
    );
  });

  test("aes-cbc is still answered", () => {
    const sealed = sealOnionReply(utf8("reply"), { ephemeralKey, encType: "aes-cbc" }, node.keys);
    const shared = nodeCrypto.x25519(client.keys.secretKey, node.keys.publicKey);
    expect(opened(nodeCrypto.aes256cbcDecrypt(shared, sealed.subarray(0, 16), sealed.subarray(16)))).toBe(
      "reply",
    );
  });
});

test("a server refuses what is not for it", () => {
  const { body } = buildOnionRequest({
    path: [node.hop],
    destination: serverDestination(),
    payload: utf8("x"),
  });
  const peeled = peelOnionLayer(parseOnionRequest(body), node.keys);
  if (peeled.kind !== "server") throw new Error("the hop is told to forward to a server");
  expect(sessionError(() => openServerRequest(peeled.plaintext, node.keys)).code).toBe(
    "ONION_INVALID_CIPHERTEXT",
  );
  expect(sessionError(() => openServerRequest(utf8("?"), node.keys)).code).toBe("ONION_INVALID_REQUEST");
});

test("random bytes, sealed or not, give SessionErrors only", () => {
  fc.assert(
    fc.property(
      fc.oneof(bytes(), fc.json().map(utf8)),
      fc.constantFrom<EncType>("aes-gcm", "xchacha20", "aes-cbc"),
      (data, encType) => {
        onlySessionErrors(() => parseOnionRequest(data));
        onlySessionErrors(() => unpackPayload(data));
        onlySessionErrors(() => openServerRequest(data, node.keys));
        onlySessionErrors(() => peelOnionLayer({ ciphertext: data, ephemeralKey, encType }, node.keys));
        onlySessionErrors(() => peelOnionLayer(layerOf(data, encType), node.keys));
      },
    ),
    runs(100),
  );
});

test("framing: what is packed unpacks", () => {
  fc.assert(
    fc.property(bytes(), fc.dictionary(fc.string(), fc.string()), (blob, control) => {
      const unpacked = unpackPayload(packPayload(blob, control));
      expect(unpacked.blob).toEqual(blob);
      expect(unpacked.control).toEqual({ ...control });
    }),
    runs(100),
  );
});
