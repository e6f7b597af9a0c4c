import fc from "fast-check";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  buildOnionRequest,
  type ClientEncType,
  decodeV4Request,
  encodeRpcPayload,
  encodeV4Reply,
  encodeV4Request,
  type OnionDestination,
  type OnionLayer,
  openNodeReply,
  openServerReply,
  openServerRequest,
  type PeeledLayer,
  parseOnionRequest,
  peelOnionLayer,
  sealNodeReply,
  sealOnionReply,
  unpackPayload,
} from "session-messenger-sdk/onion";
import { describe, expect, test } from "vitest";
import { backends, runs, server, serverDestination, type TestNode, testNode, text, utf8 } from "./support.js";

const nodes = [0, 1, 2].map((number) => testNode(number));
const target = testNode(5);
const toNode: OnionDestination = { kind: "node", node: target.hop };

/** The way of a request through `hops`: the layer that leaves the last one, and what each hop read. */
function travel(
  body: Uint8Array,
  hops: readonly TestNode[],
  crypto: Crypto,
): { layer: OnionLayer; read: PeeledLayer[] } {
  const read: PeeledLayer[] = [];
  let layer: OnionLayer = parseOnionRequest(body);
  for (const { keys } of hops) {
    const peeled = peelOnionLayer(layer, keys, crypto);
    read.push(peeled);
    if (peeled.kind === "forward") layer = peeled;
  }
  return { layer, read };
}

const encType = fc.constantFrom<ClientEncType>("xchacha20", "aes-gcm");
const json = fc.jsonValue({ maxDepth: 2 });

describe.each(backends)("%s backend", (name, crypto) => {
  const few = runs(name === "portable" ? 10 : 100);

  test("a node destination gets the call and the client its reply, in any mix of types", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }).chain((length) =>
          fc.record({
            types: fc.array(encType, { minLength: length + 1, maxLength: length + 1 }),
            params: fc.dictionary(fc.string(), json),
            jsonReply: fc.boolean(),
            rawReply: fc.boolean(),
            status: fc.integer({ min: 200, max: 599 }),
            result: fc.dictionary(fc.string(), json),
          }),
        ),
        ({ types, params, jsonReply, rawReply, status, result }) => {
          const hops = nodes.slice(0, types.length - 1);
          const payload = encodeRpcPayload({ method: "info", params });
          const { body, keys } = buildOnionRequest({
            path: hops.map(({ hop }) => hop),
            destination: toNode,
            payload,
            encType: types,
            jsonReply,
            rawReply,
            crypto,
          });
          const { layer, read } = travel(body, hops, crypto);
          expect(read.map((peeled) => peeled.kind === "forward" && peeled.destination)).toEqual(
            [...hops.slice(1), target].slice(0, hops.length).map(({ hop }) => hop.ed25519PublicKey),
          );
          const end = peelOnionLayer(layer, target.keys, crypto);
          expect(end).toEqual({ kind: "destination", payload, json: jsonReply, base64: !rawReply });
          expect(layer.encType).toBe(types.at(-1));

          const resultText = JSON.stringify(result);
          const reply = { status, body: resultText, isJson: true };
          const sealed = sealNodeReply(
            reply,
            { ...layer, json: jsonReply, base64: !rawReply },
            target.keys,
            crypto,
          );
          expect(openNodeReply(sealed, keys, crypto)).toEqual({
            status,
            body: JSON.parse(resultText),
            text: resultText,
          });
        },
      ),
      few,
    );
  });

  test("a server destination gets the request and the client its reply, in any mix of types", () => {
    fc.assert(
      fc.property(
        fc.array(encType, { minLength: 2, maxLength: 4 }),
        fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("/oxen/v4/lsrpc", "/loki/v3/lsrpc", undefined),
        (types, sent, received, serverTarget) => {
          const hops = nodes.slice(0, types.length - 1);
          const request = {
            method: "POST",
            endpoint: "/room/lobby?x=é",
            headers: { "Content-Type": "application/octet-stream" },
            ...(sent === undefined ? {} : { body: sent }),
          };
          const { body, keys } = buildOnionRequest({
            path: hops.map(({ hop }) => hop),
            destination: serverDestination({ target: serverTarget }),
            payload: encodeV4Request(request),
            encType: types,
            crypto,
          });
          const last = travel(body, hops, crypto).read.at(-1) as PeeledLayer & { kind: "server" };
          expect(last).toMatchObject({
            kind: "server",
            host: "files.example.org",
            port: 8080,
            protocol: "http",
            target: serverTarget ?? "/oxen/v4/lsrpc",
          });
          const { payload, ...client } = openServerRequest(last.plaintext, server, crypto);
          expect(decodeV4Request(payload)).toEqual(request);

          const reply = {
            status: 404,
            headers: { "content-type": "application/octet-stream" },
            body: received,
          };
          const sealed = sealOnionReply(encodeV4Reply(reply), client, server, crypto);
          expect(openServerReply(sealed, keys, crypto)).toEqual(reply);
        },
      ),
      few,
    );
  });
});

test("the request has the members and sizes of the specification", () => {
  const payload = encodeRpcPayload({ method: "info", params: {} });
  expect(text(payload)).toBe('{"method":"info","params":{}}');
  for (const [type, overhead] of [
    ["xchacha20", 40],
    ["aes-gcm", 28],
  ] as const) {
    const { body } = buildOnionRequest({
      path: nodes.map(({ hop }) => hop),
      destination: toNode,
      payload,
      encType: type,
    });
    const { control } = unpackPayload(body);
    expect(Object.keys(control)).toEqual(["ephemeral_key", "enc_type"]);
    expect(control["enc_type"]).toBe(type);
    const route = JSON.stringify({ destination: "0".repeat(64), ...control }).length;
    const inner = 4 + payload.length + '{"headers":""}'.length + overhead;
    expect(body.length).toBe(inner + 3 * (4 + route + overhead) + 4 + JSON.stringify(control).length);
  }
});

test("a guard's layer for a server always names port and protocol", () => {
  const { body } = buildOnionRequest({
    path: nodes.slice(0, 1).map(({ hop }) => hop),
    destination: serverDestination({ protocol: "https", port: 443 }),
    payload: utf8("payload"),
  });
  const peeled = travel(body, nodes.slice(0, 1), nodeCrypto).read[0] as PeeledLayer & { kind: "server" };
  const { control } = unpackPayload(peeled.plaintext);
  expect(JSON.stringify(control)).toMatch(
    /^\{"host":"files.example.org","target":"\/oxen\/v4\/lsrpc","method":"POST","protocol":"https","port":443,"ephemeral_key":"[0-9a-f]{64}","enc_type":"xchacha20"\}$/,
  );
});

test("every request has fresh keys, and given keys are used in their order", () => {
  const options = { path: nodes.map(({ hop }) => hop), destination: toNode, payload: utf8("{}") };
  const ephemeral = () => unpackPayload(buildOnionRequest(options).body).control["ephemeral_key"];
  expect(ephemeral()).not.toBe(ephemeral());
  const ephemeralKeys = [20, 21, 22, 23].map((number) => testNode(number).keys);
  const { body } = buildOnionRequest({ ...options, ephemeralKeys });
  const seen: string[] = [];
  let layer: OnionLayer = parseOnionRequest(body);
  for (const { keys } of [...nodes, target]) {
    seen.push(Buffer.from(layer.ephemeralKey).toString("hex"));
    const peeled = peelOnionLayer(layer, keys);
    if (peeled.kind === "forward") layer = peeled;
  }
  expect(seen).toEqual([20, 21, 22, 23].map((number) => testNode(number).hop.x25519PublicKey));
});

test("a hop number is sent when it is not 0", () => {
  const options = { path: [testNode(0).hop], destination: toNode, payload: utf8("{}") };
  expect(parseOnionRequest(buildOnionRequest({ ...options, hopNo: 13 }).body).hopNo).toBe(13);
  expect(parseOnionRequest(buildOnionRequest(options).body).hopNo).toBe(0);
});
