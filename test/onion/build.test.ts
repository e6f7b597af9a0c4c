import {
  buildOnionRequest,
  MAX_ONION_BODY,
  type OnionDestination,
  type OnionRequestOptions,
} from "session-messenger-sdk/onion";
import { expect, test } from "vitest";
import { backends, serverDestination, sessionError, testNode, utf8 } from "./support.js";

const path = [0, 1, 2].map((number) => testNode(number).hop);
const destination: OnionDestination = { kind: "node", node: testNode(5).hop };
const options: OnionRequestOptions = { path, destination, payload: utf8("{}") };

const code = (changes: object): string =>
  sessionError(() => buildOnionRequest({ ...options, ...changes } as OnionRequestOptions)).code;

test.each<[string, object]>([
  ["no hop before a server", { path: [], destination: serverDestination() }],
  ["too many hops", { path: new Array(16).fill(path[0]) }],
  ["a hop number that the path takes above 15", { hopNo: 13 }],
  ["a negative hop number", { hopNo: -1 }],
  ["a broken hop number", { hopNo: 0.5 }],
  ["types for other layers", { encType: ["aes-gcm"] }],
  ["aes-cbc", { encType: "aes-cbc" }],
  ["an unknown type", { encType: ["aes-gcm", "aes-gcm", "rot13", "aes-gcm"] }],
  ["keys for other layers", { ephemeralKeys: [testNode(9).keys] }],
  ["a server without host", { destination: serverDestination({ host: "" }) }],
  ["port 0", { destination: serverDestination({ port: 0 }) }],
  ["port 65536", { destination: serverDestination({ port: 65_536 }) }],
  ["port NaN", { destination: serverDestination({ port: Number.NaN }) }],
  ["protocol ftp", { destination: serverDestination({ protocol: "ftp" }) }],
  ["a target that nodes refuse", { destination: serverDestination({ target: "/files/1" }) }],
  ["a target with a query", { destination: serverDestination({ target: "/oxen/v4/lsrpc?/lsrpc" }) }],
])("%s is refused", (_title, changes) => expect(code(changes)).toBe("ONION_INVALID_ARGUMENT"));

test.each([
  "",
  "00",
  "zz".repeat(32),
  `${"00".repeat(32)}00`,
  `0x${"00".repeat(31)}`,
  `${"00".repeat(31)} 0`,
])("the key %j is refused wherever it stands", (key) => {
  const ed = { ...testNode(0).hop, ed25519PublicKey: key };
  const x = { ...testNode(0).hop, x25519PublicKey: key };
  // The guard's Ed25519 key is not sent; it is only named in errors.
  for (const bad of [ed, x]) expect(code({ path: [path[0], bad, path[2]] })).toBe("ONION_INVALID_KEY");
  for (const bad of [ed, x])
    expect(code({ destination: { kind: "node", node: bad } })).toBe("ONION_INVALID_KEY");
  expect(code({ destination: serverDestination({ x25519PublicKey: key }) })).toBe("ONION_INVALID_KEY");
});

test.each(backends)("a key of low order is refused, %s backend", (_name, crypto) => {
  for (const low of ["00".repeat(32), `01${"00".repeat(31)}`])
    expect(code({ path: [{ ...path[0], x25519PublicKey: low }], crypto })).toBe("ONION_INVALID_KEY");
});

test("a request that nodes would refuse for its size is not built", () => {
  expect(code({ payload: new Uint8Array(MAX_ONION_BODY) })).toBe("ONION_TOO_LARGE");
  expect(
    buildOnionRequest({ ...options, payload: new Uint8Array(MAX_ONION_BODY - 2000) }).body.length,
  ).toBeLessThan(MAX_ONION_BODY);
});

test("the payload is not changed and may hold zero bytes", () => {
  const payload = Uint8Array.of(0, 1, 0, 2);
  buildOnionRequest({ ...options, payload });
  expect(payload).toEqual(Uint8Array.of(0, 1, 0, 2));
});
