import fc from "fast-check";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  buildOnionRequest,
  clientLayerSecret,
  encodeV4Reply,
  encryptLayer,
  MAX_ONION_REPLY,
  type OnionReplyKeys,
  onionReplyKeys,
  openNodeReply,
  openServerReply,
} from "session-messenger-sdk/onion";
import { describe, expect, test } from "vitest";
import {
  backends,
  bytes,
  onlySessionErrors,
  runs,
  serverDestination,
  sessionError,
  testNode,
  text,
  utf8,
} from "./support.js";

const nodes = [0, 1, 2].map((number) => testNode(number));
const target = testNode(5);
const path = nodes.map(({ hop }) => hop);

function nodeKeys(rawReply = false): OnionReplyKeys {
  return buildOnionRequest({
    path,
    destination: { kind: "node", node: target.hop },
    payload: utf8("{}"),
    rawReply,
  }).keys;
}

function serverKeys(): OnionReplyKeys {
  return buildOnionRequest({ path, destination: serverDestination(), payload: utf8("payload") }).keys;
}

/** What the holder of a layer's secret would send. */
const seal = (plaintext: string | Uint8Array, secret: OnionReplyKeys["destination"]): Uint8Array =>
  encryptLayer(typeof plaintext === "string" ? utf8(plaintext) : plaintext, secret, nodeCrypto);
const base64 = (raw: Uint8Array): Uint8Array => utf8(Buffer.from(raw).toString("base64"));

describe("a node's reply", () => {
  const open = (plaintext: string) => {
    const keys = nodeKeys();
    return openNodeReply(base64(seal(plaintext, keys.destination)), keys);
  };

  test("JSON text is parsed, error sentences stay text", () => {
    expect(open('{"body":"{\\"t\\":1}","status":200}')).toEqual({
      status: 200,
      body: { t: 1 },
      text: '{"t":1}',
    });
    expect(open('{"body":"no method x","status":400}')).toEqual({
      status: 400,
      body: "no method x",
      text: "no method x",
    });
    expect(open('{"body":"{not json","status":500}').body).toBe("{not json");
    expect(open('{"body":"123","status":500}').body).toBe("123");
  });

  test("an embedded object and the older name of the status are taken", () => {
    expect(open('{"body":{"t":1},"status_code":200}')).toEqual({
      status: 200,
      body: { t: 1 },
      text: '{"t":1}',
    });
    expect(open('{"status":204}')).toEqual({ status: 204, body: "", text: "" });
  });

  test("integers above 2^53 are whole in the text", () => {
    expect(open('{"body":"{\\"swarm_id\\":18446744073709551614}","status":200}').text).toBe(
      '{"swarm_id":18446744073709551614}',
    );
  });

  test("the older form of the HTTP body is taken", () => {
    const keys = nodeKeys();
    const inner = Buffer.from(seal('{"body":"ok","status":200}', keys.destination)).toString("base64");
    expect(openNodeReply(utf8(JSON.stringify({ result: inner })), keys).text).toBe("ok");
  });

  test("raw bytes are taken only where they were asked for", () => {
    for (const rawReply of [true, false]) {
      const keys = nodeKeys(rawReply);
      const raw = seal('{"body":"ok","status":200}', keys.destination);
      if (rawReply) expect(openNodeReply(raw, keys).text).toBe("ok");
      else expect(sessionError(() => openNodeReply(raw, keys)).code).toBe("ONION_REPLY_UNREADABLE");
      expect(openNodeReply(base64(raw), keys).text).toBe("ok");
    }
  });

  test.each([
    "",
    "[]",
    "null",
    "{}",
    '{"status":"200"}',
    '{"status":1e9}',
    '{"status":200.5}',
    "{",
    "\ufeff{}",
  ])("the destination's answer %j is malformed", (plaintext) =>
    expect(sessionError(() => open(plaintext)).code).toBe("ONION_REPLY_INVALID"),
  );
});

test("an answer nested beyond any sense does not overflow the stack", () => {
  const keys = nodeKeys();
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const open = (plaintext: string) => openNodeReply(base64(seal(plaintext, keys.destination)), keys);
  expect(sessionError(() => open(`{"body":${nested},"status":200}`)).code).toBe("ONION_REPLY_INVALID");
  expect(open(`{"body":"${nested}","status":200}`).status).toBe(200);
});

describe("the answer of a hop", () => {
  test.each([0, 1, 2])("hop %i is named, whoever the destination is", (hop) => {
    for (const [open, keys] of [
      [openNodeReply, nodeKeys()],
      [openNodeReply, nodeKeys(true)],
      [openServerReply, serverKeys()],
    ] as const) {
      const secret = keys.hops[hop]?.secret as OnionReplyKeys["destination"];
      const body = base64(seal('{"body":"Invalid json","status":400}', secret));
      const error = sessionError(() => open(body, keys));
      expect(error.code).toBe("ONION_HOP_ERROR");
      expect(error.details).toEqual({
        hop,
        node: nodes[hop]?.hop.ed25519PublicKey,
        status: 400,
        body: "Invalid json",
      });
    }
  });

  test("that makes no sense still names the hop", () => {
    const keys = nodeKeys();
    const secret = keys.hops[1]?.secret as OnionReplyKeys["destination"];
    const error = sessionError(() => openNodeReply(base64(seal("?", secret)), keys));
    expect(error.code).toBe("ONION_HOP_ERROR");
    expect(error.details).toEqual({ hop: 1, node: nodes[1]?.hop.ed25519PublicKey });
  });

  test("is never taken for the reply of a server", () => {
    const keys = serverKeys();
    const secret = keys.hops[2]?.secret as OnionReplyKeys["destination"];
    const reply = encodeV4Reply({ status: 200, headers: {}, body: utf8("forged") });
    expect(sessionError(() => openServerReply(seal(reply, secret), keys)).code).toBe(
      "ONION_REPLY_UNREADABLE",
    );
  });
});

describe("a server's reply", () => {
  test("opens, whatever its v4 status", () => {
    const keys = serverKeys();
    const reply = { status: 500, headers: { "content-type": "text/plain" }, body: utf8("no") };
    expect(openServerReply(seal(encodeV4Reply(reply), keys.destination), keys)).toEqual(reply);
  });

  test("that is not v4 is malformed", () => {
    const keys = serverKeys();
    expect(sessionError(() => openServerReply(seal("l2:{}", keys.destination), keys)).code).toBe(
      "ONION_REPLY_INVALID",
    );
  });

  test("in clear is unreadable: an HTML page, an empty body, base64 of something else", () => {
    for (const body of ["<html></html>", "", "aGVsbG8=", "A".repeat(100)])
      expect(sessionError(() => openServerReply(utf8(body), serverKeys())).code).toBe(
        "ONION_REPLY_UNREADABLE",
      );
  });
});

describe.each(backends)("the type of the reply, %s backend", (_name, crypto) => {
  const keysFor = (encType: "aes-gcm" | "xchacha20") =>
    onionReplyKeys({ encType, ephemeral: testNode(7).keys, destination: target.keys.publicKey }, crypto);
  const sealedAs = (encType: "aes-gcm" | "xchacha20" | "aes-cbc") =>
    base64(
      encryptLayer(
        utf8('{"body":"ok","status":200}'),
        clientLayerSecret(encType, testNode(7).keys, target.keys.publicKey, crypto),
        crypto,
      ),
    );

  test("may be aes-gcm after xchacha20, and nothing else than was asked for otherwise", () => {
    expect(openNodeReply(sealedAs("xchacha20"), keysFor("xchacha20"), crypto).text).toBe("ok");
    expect(openNodeReply(sealedAs("aes-gcm"), keysFor("aes-gcm"), crypto).text).toBe("ok");
    expect(openNodeReply(sealedAs("aes-gcm"), keysFor("xchacha20"), crypto).text).toBe("ok");
    for (const [sent, asked] of [
      ["xchacha20", "aes-gcm"],
      ["aes-cbc", "aes-gcm"],
      ["aes-cbc", "xchacha20"],
    ] as const)
      expect(sessionError(() => openNodeReply(sealedAs(sent), keysFor(asked), crypto)).code).toBe(
        "ONION_REPLY_UNREADABLE",
      );
  });
});

describe("bad replies", () => {
  test("one changed byte anywhere is refused", () => {
    const keys = nodeKeys(true);
    const raw = seal('{"body":"ok","status":200}', keys.destination);
    for (let at = 0; at < raw.length; at++) {
      const changed = raw.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(sessionError(() => openNodeReply(changed, keys)).code).toBe("ONION_REPLY_UNREADABLE");
      expect(sessionError(() => openNodeReply(base64(changed), keys)).code).toBe("ONION_REPLY_UNREADABLE");
    }
  });

  test("a shortened reply is refused", () => {
    const keys = serverKeys();
    const raw = seal(encodeV4Reply({ status: 200, headers: {}, body: utf8("body") }), keys.destination);
    for (let length = 0; length < raw.length; length++)
      expect(sessionError(() => openServerReply(raw.subarray(0, length), keys)).code).toBe(
        "ONION_REPLY_UNREADABLE",
      );
  });

  test("a reply of another request is refused", () => {
    const body = base64(seal('{"body":"ok","status":200}', nodeKeys().destination));
    expect(sessionError(() => openNodeReply(body, nodeKeys())).code).toBe("ONION_REPLY_UNREADABLE");
  });

  test("base64 with spaces, line ends or foreign letters is refused", () => {
    const keys = nodeKeys();
    const good = text(base64(seal('{"body":"ok","status":200}', keys.destination)));
    for (const bad of [`${good}\n`, ` ${good}`, `${good.slice(0, 8)} ${good.slice(8)}`, `-${good.slice(1)}`])
      expect(sessionError(() => openNodeReply(utf8(bad), keys)).code).toBe("ONION_REPLY_UNREADABLE");
  });

  test("a reply above the limit is refused unread", () => {
    const body = new Uint8Array(MAX_ONION_REPLY + 1);
    expect(sessionError(() => openNodeReply(body, nodeKeys())).code).toBe("ONION_TOO_LARGE");
    expect(sessionError(() => openServerReply(body, serverKeys())).code).toBe("ONION_TOO_LARGE");
  });

  test("errors hold no key and no plaintext", () => {
    const keys = nodeKeys();
    const error = sessionError(() =>
      openNodeReply(base64(seal('{"body":"secret words"}', keys.destination)), keys),
    );
    expect(JSON.stringify(error)).not.toContain("secret words");
  });

  test("random bytes, sealed or not, give SessionErrors only", () => {
    const node = nodeKeys(true);
    const toServer = serverKeys();
    fc.assert(
      fc.property(fc.oneof(bytes(), fc.json().map(utf8), fc.string().map(utf8)), (data) => {
        onlySessionErrors(() => openNodeReply(data, node));
        onlySessionErrors(() => openNodeReply(seal(data, node.destination), node));
        onlySessionErrors(() => openServerReply(data, toServer));
        onlySessionErrors(() => openServerReply(seal(data, toServer.destination), toServer));
      }),
      runs(100),
    );
  });
});
