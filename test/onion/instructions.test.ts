import fc from "fast-check";
import { onionRefusal, packPayload, peelOnionLayer } from "session-messenger-sdk/onion";
import { describe, expect, test } from "vitest";
import { layerOf, next, node, onlySessionErrors, runs, sessionError, utf8 } from "./support.js";

const peel = (control: object | string, blob = utf8("blob")) => {
  const json = utf8(typeof control === "string" ? control : JSON.stringify(control));
  const packed = packPayload(blob, {});
  return peelOnionLayer(layerOf(Buffer.concat([packed.subarray(0, packed.length - 2), json])), node.keys);
};

const refusal = (run: () => unknown) => onionRefusal(sessionError(run));
const invalidJson = { status: 400, body: "Invalid json", encrypted: true };
const invalidUrl = { status: 400, body: "Invalid url", encrypted: true };

const hop = { destination: next.hop.ed25519PublicKey, ephemeral_key: next.hop.x25519PublicKey };
const url = { host: "example.org", target: "/oxen/v4/lsrpc" };

describe("the instructions of a layer", () => {
  test("are asked for in the order headers, host, destination", () => {
    expect(peel({ ...hop, ...url, headers: null }).kind).toBe("destination");
    expect(peel({ ...hop, ...url }).kind).toBe("server");
    expect(peel(hop).kind).toBe("forward");
  });

  test("destination: any value of headers, json and base64 with their defaults", () => {
    for (const headers of ["", null, {}, [], 0, { "Content-Type": "application/json" }])
      expect(peel({ headers })).toEqual({
        kind: "destination",
        payload: utf8("blob"),
        json: false,
        base64: true,
      });
    expect(peel({ headers: "", json: true, base64: false })).toMatchObject({ json: true, base64: false });
    expect(refusal(() => peel({ headers: "", json: 1 }))).toEqual(invalidJson);
    expect(refusal(() => peel({ headers: "", base64: "false" }))).toEqual(invalidJson);
  });

  test("server: port 443 and https by default, http too", () => {
    expect(peel(url)).toMatchObject({
      host: "example.org",
      port: 443,
      protocol: "https",
      target: "/oxen/v4/lsrpc",
    });
    expect(peel({ ...url, protocol: "http" })).toMatchObject({ port: 443, protocol: "http" });
    expect(peel({ ...url, port: 80, protocol: "http" })).toMatchObject({ port: 80 });
  });

  test("server: the plaintext goes on whole", () => {
    const packed = packPayload(utf8("blob"), url);
    expect(peelOnionLayer(layerOf(packed), node.keys)).toMatchObject({ kind: "server", plaintext: packed });
  });

  test.each(["/oxen/v4/lsrpc", "/loki/v3/lsrpc", "/loki/oxen/v4/lsrpc", "/oxen/lsrpc"])(
    "target %s is allowed",
    (target) => {
      expect(peel({ ...url, target })).toMatchObject({ target });
    },
  );

  test.each([
    "oxen/v4/lsrpc",
    "/files/1",
    "/oxen/v4/lsrpc?x=1",
    "/oxen/v4/lsrpc/",
    "/oxen?/lsrpc",
    "/Oxen/v4/lsrpc",
    "",
  ])("target %j is refused", (target) => expect(refusal(() => peel({ ...url, target }))).toEqual(invalidUrl));

  test.each(["ftp", "", "HTTPS"])("protocol %j is refused", (protocol) => {
    expect(refusal(() => peel({ ...url, protocol }))).toEqual(invalidUrl);
  });

  test.each([
    { host: "example.org" },
    { ...url, host: 1 },
    { ...url, target: null },
    { ...url, port: "443" },
    { ...url, port: 70_000 },
    { ...url, port: -1 },
    { ...url, port: 1.5 },
    { ...url, protocol: 1 },
    {},
    { nothing: 1 },
    { destination: hop.destination },
    { ephemeral_key: hop.ephemeral_key },
    { ...hop, destination: hop.destination.slice(2) },
    { ...hop, destination: `${hop.destination.slice(2)}zz` },
    { ...hop, ephemeral_key: `${hop.ephemeral_key}00` },
    { ...hop, ephemeral_key: 1 },
    { ...hop, enc_type: "rot13" },
    { ...hop, enc_type: null },
    "[]",
    "null",
    "{",
    '{"headers":""}xx',
    "",
  ])("%j is refused under the node's own key", (control) => {
    expect(refusal(() => peel(control))).toEqual(invalidJson);
    expect(sessionError(() => peel(control)).code).toBe("ONION_INVALID_LAYER");
  });

  test("forward: keys in either case, aes-gcm by default, aliases", () => {
    const forward = (changes: object) => peel({ ...hop, ...changes });
    expect(forward({ destination: hop.destination.toUpperCase() })).toEqual({
      kind: "forward",
      destination: hop.destination,
      ciphertext: utf8("blob"),
      ephemeralKey: next.keys.publicKey,
      encType: "aes-gcm",
    });
    expect(forward({ ephemeral_key: hop.ephemeral_key.toUpperCase() })).toMatchObject({
      ephemeralKey: next.keys.publicKey,
    });
    expect(forward({ enc_type: "xchacha20-poly1305" })).toMatchObject({ encType: "xchacha20" });
  });
});

test("any JSON as instructions is peeled or refused", () => {
  const member = fc.constantFrom(
    "headers",
    "host",
    "target",
    "port",
    "protocol",
    "destination",
    "ephemeral_key",
    "enc_type",
    "json",
  );
  fc.assert(
    fc.property(
      fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(hop)))),
      (control) => {
        onlySessionErrors(() => peel(control));
      },
    ),
    runs(100),
  );
});
