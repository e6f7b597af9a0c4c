import fc from "fast-check";
import {
  decodeV4Reply,
  decodeV4Request,
  encodeRpcPayload,
  encodeV4Reply,
  encodeV4Request,
} from "session-messenger-sdk/onion";
import { describe, expect, test } from "vitest";
import { bytes, onlySessionErrors, runs, sessionError, text, utf8 } from "./support.js";

const headers = fc.dictionary(fc.stringMatching(/^[a-z-]{1,20}$/), fc.string());

describe("v4 requests", () => {
  test("the examples of the specification", () => {
    expect(
      text(
        encodeV4Request({ method: "GET", endpoint: "/room/some-room", headers: { "Some-Header": "12345" } }),
      ),
    ).toBe('l79:{"method":"GET","endpoint":"/room/some-room","headers":{"Some-Header":"12345"}}e');
    expect(
      text(
        encodeV4Request({
          method: "POST",
          endpoint: "/some/thing",
          headers: { "Some-Header": "a" },
          body: utf8("post body here"),
        }),
      ),
    ).toBe('l72:{"method":"POST","endpoint":"/some/thing","headers":{"Some-Header":"a"}}14:post body heree');
  });

  test("an empty body is sent as such, none is left out", () => {
    const request = { method: "POST", endpoint: "/x", headers: {} };
    expect(text(encodeV4Request({ ...request, body: new Uint8Array(0) }))).toMatch(/0:e$/);
    expect(decodeV4Request(encodeV4Request(request))).not.toHaveProperty("body");
  });

  test("lengths are those of the UTF-8 bytes", () => {
    expect(text(encodeV4Request({ method: "GET", endpoint: "/é", headers: {} }))).toBe(
      'l46:{"method":"GET","endpoint":"/é","headers":{}}e',
    );
  });

  test("what is encoded decodes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        fc.string({ unit: "grapheme" }),
        headers,
        fc.option(bytes(), { nil: undefined }),
        (method, path, fields, body) => {
          const request = {
            method,
            endpoint: `/${path}`,
            headers: { ...fields },
            ...(body === undefined ? {} : { body }),
          };
          expect(decodeV4Request(encodeV4Request(request))).toEqual(request);
        },
      ),
      runs(100),
    );
  });

  test.each([
    '{"method":"GET","endpoint":"x"}',
    '{"endpoint":"/x"}',
    '{"method":"","endpoint":"/x"}',
    '{"method":"GET"}',
    '{"method":"GET","endpoint":"/x","headers":1}',
    '{"method":"GET","endpoint":"/x","headers":["a"]}',
    '{"method":"GET","endpoint":"/x","headers":{"a":[]}}',
    '{"method":"GET","endpoint":"/x","headers":{"a":null}}',
  ])("%s is refused", (meta) => {
    const framed = utf8(`l${meta.length}:${meta}e`);
    expect(sessionError(() => decodeV4Request(framed)).code).toBe("ONION_V4_INVALID");
  });

  test("an endpoint without a slash is refused", () => {
    const request = { method: "GET", endpoint: "room", headers: {} };
    expect(sessionError(() => encodeV4Request(request)).code).toBe("ONION_V4_INVALID");
  });
});

describe("v4 replies", () => {
  test("the example of the specification", () => {
    const data = 'l58:{"code":200,"headers":{"content-type":"application/json"}}11:{"id": 123}e';
    const reply = { status: 200, headers: { "content-type": "application/json" }, body: utf8('{"id": 123}') };
    expect(decodeV4Reply(utf8(data))).toEqual(reply);
    expect(text(encodeV4Reply(reply))).toBe(data);
  });

  test("a missing body is empty, missing headers are none, names become lower case, numbers text", () => {
    expect(decodeV4Reply(utf8('l12:{"code":200}e'))).toEqual({
      status: 200,
      headers: {},
      body: new Uint8Array(0),
    });
    expect(decodeV4Reply(utf8('l35:{"code":404,"headers":{"X-Age":12}}0:e')).headers).toEqual({
      "x-age": "12",
    });
  });

  test("a header may have any name", () => {
    const { headers: got } = decodeV4Reply(utf8('l43:{"code":200,"headers":{"__proto__":"evil"}}0:e'));
    expect(Object.entries(got)).toEqual([["__proto__", "evil"]]);
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
  });

  test("what is encoded decodes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), headers, bytes(), (status, fields, body) => {
        const reply = { status, headers: { ...fields }, body };
        expect(decodeV4Reply(encodeV4Reply(reply))).toEqual(reply);
      }),
      runs(100),
    );
  });

  test.each([
    "",
    "l",
    "e",
    "le",
    "de",
    "12:{}",
    'l12:{"code":200}',
    'l12:{"code":200}0:ex',
    'l012:{"code":200}0:e',
    'l12:{"code":200}00:e',
    'l12:{"code":200}0:0:e',
    'l12:{"code":200}1:e',
    'l12:{"code":200}i1ee',
    'l12:{"code":200}lee',
    'll12:{"code":200}ee',
    'l 12:{"code":200}e',
    'l+12:{"code":200}e',
    'l99999999999999999999:{"code":200}e',
    "l2:{}0:e",
    "l2:[]0:e",
    "l4:null0:e",
    'l14:{"code":"200"}0:e',
    'l14:{"code":200.5}0:e',
    'l12:{"code":"a"}0:e',
    'l12:{"code":200x0:e',
  ])("%j is refused", (data) =>
    expect(sessionError(() => decodeV4Reply(utf8(data))).code).toBe("ONION_V4_INVALID"),
  );

  test("invalid UTF-8 in the first string is refused", () => {
    const data = Uint8Array.of(0x6c, 0x31, 0x3a, 0xff, 0x65);
    expect(sessionError(() => decodeV4Reply(data)).code).toBe("ONION_V4_INVALID");
  });

  test("random and damaged input gives SessionErrors only", () => {
    const good = encodeV4Reply({ status: 200, headers: { a: "b" }, body: utf8("body") });
    fc.assert(
      fc.property(bytes(), fc.nat(good.length - 1), fc.nat(255), (data, at, value) => {
        const damaged = good.slice();
        damaged[at] = value;
        for (const input of [data, damaged, good.subarray(0, at)]) {
          onlySessionErrors(() => decodeV4Reply(input));
          onlySessionErrors(() => decodeV4Request(input));
        }
      }),
      runs(100),
    );
  });
});

test("an RPC call that JSON cannot hold is refused", () => {
  expect(sessionError(() => encodeRpcPayload({ method: "x", params: { big: 1n } })).code).toBe(
    "ONION_INVALID_ARGUMENT",
  );
});
