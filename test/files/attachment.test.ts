import fc from "fast-check";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  type Attachment,
  attachmentFromPointer,
  attachmentToPointer,
  defaultFileServer,
  displayFileName,
  fileServerDestinations,
  fileServerOf,
  formatFileUrl,
  isStreamUrl,
  knownFileServers,
  numericFileId,
  parseFileUrl,
  potatoFileServer,
  safeFileName,
  testnetFileServer,
} from "session-messenger-sdk/files";
import { AttachmentPointerSchema, decodeProto, encodeProto } from "session-messenger-sdk/proto";
import { describe, expect, test } from "vitest";
import { refusal, sampleBytes } from "./support.js";

const HOST = "http://filev2.getsession.org";
const HASH_ID = "tKO2VVg1JPHwgZuvqK_7bDHJeSr4UJ_8i13ETlwAn0jB";
const POTATO_KEY = "ff86dcd4b26d1bfec944c59859494248626d6428efc12168749d65a1b92f5e28";

describe("addresses", () => {
  test.each([
    [`${HOST}/file/123`, { id: "123", isStream: false, serverKey: undefined }],
    [`${HOST}/file/${HASH_ID}#d`, { id: HASH_ID, isStream: true }],
    [`${HOST}/file/${HASH_ID}#d=`, { isStream: true }],
    [`${HOST}/file/123#p=${POTATO_KEY}&d`, { isStream: true, serverKey: POTATO_KEY }],
    [
      `${HOST}/file/123#d&p=${POTATO_KEY.toUpperCase()}&sr=abc.sesh:22021&e=00`,
      { isStream: true, serverKey: POTATO_KEY },
    ],
    [`${HOST}/file/123#p=short`, { isStream: false, serverKey: undefined }],
    [`${HOST}/file/123#x&dd&=d`, { isStream: false }],
    [`${HOST}/files/123`, { id: "123" }],
    [`${HOST}/file/123/`, { id: "123" }],
    [`${HOST}:80/file/123`, { port: 80, host: "filev2.getsession.org", protocol: "http" }],
    [
      "https://files.example:8443/file/a-_Z",
      { port: 8443, host: "files.example", protocol: "https", id: "a-_Z" },
    ],
    ["https://files.example/file/1", { port: 443 }],
  ])("%s", (url, expected) => {
    expect(parseFileUrl(url)).toMatchObject(expected);
  });

  test.each([
    "",
    "file/123",
    "ftp://filev2.getsession.org/file/123",
    "http://user:pw@filev2.getsession.org/file/123",
    `${HOST}/file/`,
    `${HOST}/file/a/b`,
    `${HOST}/file/..`,
    `${HOST}/file/%2e%2e%2fx`,
    `${HOST}/file/${"a".repeat(45)}`,
    `${HOST}/room/lobby/file/12`,
    `${HOST}/file/12?x=${"y".repeat(3000)}`,
    "javascript:alert(1)",
  ])("refuses %j", async (url) => {
    expect(await refusal(() => parseFileUrl(url))).toBe("FILE_URL_INVALID");
  });

  test("are written as every app reads them, and read back", () => {
    expect(formatFileUrl({ server: HOST, id: HASH_ID })).toBe(`${HOST}/file/${HASH_ID}`);
    expect(formatFileUrl({ server: `${HOST}:80/`, id: "1", isStream: true })).toBe(`${HOST}/file/1#d`);
    expect(formatFileUrl({ server: "https://h:8443", id: "1", isStream: true, serverKey: POTATO_KEY })).toBe(
      `https://h:8443/file/1#p=${POTATO_KEY}&d`,
    );
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,44}$/),
        fc.constantFrom("http", "https"),
        fc.constantFrom("files.example", "127.0.0.1", "[::1]"),
        fc.integer({ min: 1, max: 65_535 }),
        fc.boolean(),
        fc.option(fc.stringMatching(/^[0-9a-f]{64}$/), { nil: undefined }),
        (id, protocol, host, port, isStream, serverKey) => {
          const url = formatFileUrl({ server: `${protocol}://${host}:${port}`, id, isStream, serverKey });
          expect(parseFileUrl(url)).toEqual({ protocol, host, port, id, isStream, serverKey });
        },
      ),
    );
  });

  test("any text is parsed or refused", async () => {
    const text = fc.oneof(fc.string(), fc.webUrl({ withFragments: true, withQueryParameters: true }));
    await fc.assert(
      fc.asyncProperty(text, async (url) => {
        expect(isStreamUrl(url)).toBeTypeOf("boolean");
        expect(numericFileId(url)).toBeTypeOf("bigint");
        const code = await refusal(() => {
          parseFileUrl(url);
          parseFileUrl("refused");
        });
        expect(code).toBe("FILE_URL_INVALID");
      }),
    );
  });

  test.each([
    [`${HOST}/file/123`, 123n],
    [`${HOST}/file/123/#d`, 123n],
    [`${HOST}/file/18446744073709551615`, 18446744073709551615n],
    [`${HOST}/file/18446744073709551616`, 0n],
    [`${HOST}/file/${HASH_ID}`, 0n],
    ["https://host/room/lobby/file/77", 77n],
    ["", 0n],
  ])("numeric id of %s", (url, id) => {
    expect(numericFileId(url)).toBe(id);
  });
});

describe("servers", () => {
  test("onion keys are those of the signing keys", () => {
    for (const { ed25519PublicKey = "", x25519PublicKey } of knownFileServers) {
      const key = nodeCrypto.ed25519PublicKeyToX25519(Buffer.from(ed25519PublicKey, "hex"));
      expect(Buffer.from(key).toString("hex")).toBe(x25519PublicKey);
    }
  });

  const of = (url: string): ReturnType<typeof fileServerOf> => fileServerOf(parseFileUrl(url));

  test("known hosts need no key, and may bring their own", () => {
    expect(of(`${HOST}/file/1`)).toBe(defaultFileServer);
    for (const key of [
      defaultFileServer.ed25519PublicKey,
      defaultFileServer.x25519PublicKey,
      ...defaultFileServer.otherX25519PublicKeys!,
    ]) {
      expect(of(`${HOST}/file/1#p=${key}`)).toBe(defaultFileServer);
    }
    expect(of("http://potatofiles.getsession.org/file/1")).toBe(potatoFileServer);
    expect(of("http://superduperfiles.oxen.io/file/1#d")).toBe(testnetFileServer);
  });

  test("other hosts bring a key: Ed25519, or X25519 if it can be nothing else", () => {
    expect(of(`https://files.example:81/file/1#p=${POTATO_KEY}`)).toEqual({
      url: "https://files.example:81",
      ed25519PublicKey: POTATO_KEY,
      x25519PublicKey: potatoFileServer.x25519PublicKey,
    });
    expect(of(`${HOST}/file/1#p=${POTATO_KEY}`).x25519PublicKey).toBe(potatoFileServer.x25519PublicKey);
    const noPoint = `02${"00".repeat(31)}`;
    expect(of(`http://files.example/file/1#p=${noPoint}`).x25519PublicKey).toBe(noPoint);
  });

  test.each([
    "http://files.example/file/1",
    "http://files.example/file/1#p=zz",
    `${HOST}:8080/file/1`,
    `https://open.getsession.org/file/1#p=${POTATO_KEY}`,
  ])("does not know the server of %s", async (url) => {
    expect(await refusal(() => of(url))).toBe("FILE_SERVER_UNKNOWN");
  });

  test("destinations carry host, port and each key", () => {
    expect(fileServerDestinations(defaultFileServer)).toEqual([
      {
        protocol: "http",
        host: "filev2.getsession.org",
        port: 80,
        x25519PublicKey: defaultFileServer.x25519PublicKey,
      },
      {
        protocol: "http",
        host: "filev2.getsession.org",
        port: 80,
        x25519PublicKey: defaultFileServer.otherX25519PublicKeys![0],
      },
    ]);
    expect(fileServerDestinations({ url: "https://h", x25519PublicKey: "00" })[0]).toMatchObject({
      port: 443,
      protocol: "https",
    });
    expect(() => fileServerDestinations({ url: "nonsense", x25519PublicKey: "00" })).toThrow("http(s)");
  });
});

describe("pointers", () => {
  const full: Attachment = {
    url: `${HOST}/file/123`,
    contentType: "image/png",
    fileName: "cat.png",
    size: 1234,
    width: 64,
    height: 48,
    caption: "a cat",
    isVoiceMessage: false,
    scheme: "legacy",
    key: sampleBytes(64),
    digest: sampleBytes(32),
  };

  test("carry what an attachment says, through protobuf and back", () => {
    const pointer = attachmentToPointer(full);
    expect(pointer).toEqual({
      id: 123n,
      contentType: "image/png",
      key: full.key,
      digest: full.digest,
      size: 1234,
      fileName: "cat.png",
      width: 64,
      height: 48,
      caption: "a cat",
      url: `${HOST}/file/123`,
    });
    const read = decodeProto(AttachmentPointerSchema, encodeProto(AttachmentPointerSchema, pointer));
    expect(attachmentFromPointer(read)).toEqual(full);
  });

  test("mark voice messages, and nothing else", () => {
    const voice = attachmentToPointer({ ...full, isVoiceMessage: true });
    expect(voice.flags).toBe(1);
    expect(attachmentFromPointer(voice).isVoiceMessage).toBe(true);
    expect(attachmentFromPointer({ id: 0n, flags: 2 }).isVoiceMessage).toBe(false);
    expect(attachmentFromPointer({ id: 0n, flags: 3 }).isVoiceMessage).toBe(true);
    expect(attachmentToPointer(full).flags).toBeUndefined();
  });

  test("name the scheme by the address, never by the length of the key", () => {
    const key = sampleBytes(32);
    expect(attachmentFromPointer({ id: 0n, key, url: `${HOST}/file/1#d` }).scheme).toBe("stream");
    expect(attachmentFromPointer({ id: 0n, key, url: `${HOST}/file/1` }).scheme).toBe("legacy");
    expect(attachmentFromPointer({ id: 5n, url: "https://h/room/lobby/file/5" }).scheme).toBe("none");
    expect(attachmentFromPointer({ id: 0n, key: new Uint8Array(0) }).scheme).toBe("none");
    const stream = attachmentToPointer({ ...full, scheme: "stream", url: `${HOST}/file/${HASH_ID}#d` });
    expect(stream).toMatchObject({ id: 0n, url: `${HOST}/file/${HASH_ID}#d` });
    expect(stream.digest).toBeUndefined();
  });

  test("may be empty or strange", () => {
    expect(attachmentFromPointer({ id: 0n })).toEqual({ isVoiceMessage: false, scheme: "none" });
    const strange = {
      id: 0n,
      fileName: "a\u202egpj.exe",
      contentType: "",
      url: "",
      width: 0,
      height: 0,
      caption: "",
      digest: new Uint8Array(0),
    };
    expect(attachmentFromPointer(strange)).toEqual({
      fileName: "a\ufffdgpj.exe",
      isVoiceMessage: false,
      scheme: "none",
    });
  });

  test("the size of any 32-bit number survives exactly", () => {
    for (const size of [1, 9_999_999, 10_000_000, 2 ** 31, 2 ** 32 - 1]) {
      const bytes = encodeProto(AttachmentPointerSchema, attachmentToPointer({ ...full, size }));
      expect(attachmentFromPointer(decodeProto(AttachmentPointerSchema, bytes)).size).toBe(size);
    }
  });
});

describe("file names", () => {
  test.each([
    ["cat.png", "cat.png"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["..\\..\\boot.ini", "_.._boot.ini"],
    ["/absolute", "_absolute"],
    ["C:\\x", "C__x"],
    ["..", "file"],
    [".", "file"],
    ["", "file"],
    [undefined, "file"],
    [".bashrc", "bashrc"],
    ["a\u0000b\nc\u0007.txt", "abc.txt"],
    ["photo\u202egpj.exe", "photo\ufffdgpj.exe"],
    ["a\u2066b\u2069c\u200e\u200f\u061c", "a\ufffdb\ufffdc\ufffd\ufffd\ufffd"],
    ["con", "_con"],
    ["NUL.txt", "_NUL.txt"],
    ["console.txt", "console.txt"],
    ["trailing. . ", "trailing"],
    ['a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"],
    ["日本語 😀.png", "日本語 😀.png"],
    ["\ud800x", "\ufffdx"],
    [`${"a".repeat(300)}.png`, `${"a".repeat(251)}.png`],
    [`${"😀".repeat(100)}.png`, `${"😀".repeat(62)}.png`],
    ["   ", "file"],
  ])("%j is saved as %j", (name, saved) => {
    expect(safeFileName(name)).toBe(saved);
  });

  test("what is saved is one harmless component", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
        const saved = safeFileName(name);
        expect(Buffer.byteLength(saved)).toBeLessThanOrEqual(255);
        expect(saved).not.toMatch(/^\.|[/\\:\p{Cc}\u202a-\u202e\u2066-\u2069]|[. ]$|^$/u);
        expect(safeFileName(saved)).toBe(saved);
      }),
      { numRuns: 300 },
    );
  });

  test("what is shown keeps its letters", () => {
    expect(displayFileName("a/b\\c.txt")).toBe("a/b\\c.txt");
    expect(displayFileName("x\u202ey\u0000z")).toBe("x\ufffdyz");
  });
});
