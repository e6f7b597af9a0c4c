import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { SessionError } from "session-messenger-sdk/errors";
import {
  downloadAttachment,
  downloadAvatar,
  downloadFile,
  extendFile,
  type FileNetwork,
  type FileProgress,
  fileInfo,
  sessionVersion,
  uploadAttachment,
  uploadAvatar,
  uploadFile,
} from "session-messenger-sdk/files";
import { restoreAccount } from "session-messenger-sdk/identity";
import { type FileServerOptions, startFileServer, type TestFileServer } from "session-messenger-sdk/testnet";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cut, expectSame, flipped, oneHopNetwork, refusal, sampleBytes } from "./support.js";

const DAY = 24 * 60 * 60 * 1000;
const SEED = sampleBytes(32, "seed");
const START = 1_790_000_000_000;

let clock = START;
const open: TestFileServer[] = [];
let network: ReturnType<typeof oneHopNetwork>;

beforeEach(() => {
  clock = START;
  network = oneHopNetwork();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: FileServerOptions = {}): Promise<TestFileServer> {
  const server = await startFileServer({ now: () => clock, ...options });
  open.push(server);
  return server;
}

/** Waits for nothing and writes down how long it should have waited. */
function noSleep(): { waits: number[]; sleep: (ms: number) => Promise<void> } {
  const waits: number[] = [];
  return {
    waits,
    async sleep(ms) {
      waits.push(ms);
    },
  };
}

describe("attachments", () => {
  test.each(["legacy", "stream"] as const)("travel in the %s scheme", async (scheme) => {
    const server = await start();
    const file = sampleBytes(200_000);
    const { attachment, upload } = await uploadAttachment(
      network,
      { data: file, fileName: "cat.png", contentType: "image/png", width: 64, height: 48 },
      { server, scheme, seed: SEED },
    );
    expect(attachment).toMatchObject({
      fileName: "cat.png",
      contentType: "image/png",
      width: 64,
      height: 48,
      size: 200_000,
      scheme,
    });
    expect(attachment.url).toBe(
      `${server.url}/file/${upload.id}#p=${server.ed25519PublicKey}${scheme === "stream" ? "&d" : ""}`,
    );
    expect(upload.expiresAt).toBe(START + 21 * DAY);
    expect(server.files().map(({ id }) => id)).toEqual([upload.id]);
    expect(Buffer.from(server.files()[0]!.data).includes(Buffer.from(file.subarray(0, 32)))).toBe(false);
    expectSame(await downloadAttachment(network, attachment), file);
  });

  test("may be read from a stream, and voice messages have their type", async () => {
    const server = await start();
    const file = sampleBytes(150_000);
    const { attachment } = await uploadAttachment(
      network,
      { data: cut(file, 7_777), isVoiceMessage: true },
      { server },
    );
    expect(attachment).toMatchObject({ isVoiceMessage: true, contentType: "audio/mp3", size: 150_000 });
    expectSame(await downloadAttachment(network, attachment), file);
    const plain = await uploadAttachment(network, { data: sampleBytes(1) }, { server });
    expect(plain.attachment).toMatchObject({
      isVoiceMessage: false,
      contentType: "application/octet-stream",
    });
  });

  test("progress grows from nothing to everything, both ways", async () => {
    const server = await start();
    const seen: FileProgress[] = [];
    const onProgress = (progress: FileProgress): void => {
      seen.push(progress);
    };
    const { attachment, upload } = await uploadAttachment(
      network,
      { data: sampleBytes(50_000) },
      { server, onProgress },
    );
    await downloadAttachment(network, attachment, { onProgress });
    for (const direction of ["upload", "download"] as const) {
      const loaded = seen
        .filter((progress) => progress.direction === direction)
        .map((progress) => progress.loaded);
      expect(loaded[0]).toBe(0);
      expect(loaded.at(-1)).toBeGreaterThanOrEqual(upload.size);
      expect(loaded.at(-1)).toBeLessThan(upload.size + 1000);
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
      expect(loaded.length).toBeGreaterThan(direction === "upload" ? 2 : 1);
      expect(seen.findLast((progress) => progress.direction === direction)!.total).toBe(loaded.at(-1));
    }
  });

  test("a progress display that throws does not matter", async () => {
    const server = await start();
    const onProgress = (): never => {
      throw new Error("no display");
    };
    const { attachment } = await uploadAttachment(network, { data: sampleBytes(5) }, { server, onProgress });
    expectSame(await downloadAttachment(network, attachment, { onProgress }), sampleBytes(5));
  });

  test("sizes are checked before anything is sent or fetched", async () => {
    const server = await start();
    const upload = (
      data: Parameters<typeof uploadAttachment>[1]["data"],
      maxBytes?: number,
    ): Promise<string> => refusal(() => uploadAttachment(network, { data }, { server, maxBytes }));
    expect(await upload(new Uint8Array(11_000_000))).toBe("FILE_TOO_LARGE");
    expect(await upload(cut(new Uint8Array(11_000_000), 100_000))).toBe("FILE_TOO_LARGE");
    expect(await upload(new Uint8Array(10_000_001))).toBe("FILE_TOO_LARGE");
    expect(await upload(new Uint8Array(101), 100)).toBe("FILE_TOO_LARGE");
    expect(await upload(new Uint8Array(0))).toBe("FILE_EMPTY");
    const large = {
      url: `${server.url}/file/1`,
      size: 10_000_001,
      isVoiceMessage: false,
      scheme: "legacy",
      key: sampleBytes(64),
    } as const;
    expect(await refusal(() => downloadAttachment(network, large))).toBe("FILE_TOO_LARGE");
    expect(network.requests).toEqual([]);
  });

  test("a file of exactly 10 000 000 bytes passes in both schemes", async () => {
    const server = await start();
    const file = sampleBytes(10_000_000);
    for (const scheme of ["legacy", "stream"] as const) {
      const { attachment } = await uploadAttachment(network, { data: file }, { server, scheme, seed: SEED });
      expectSame(await downloadAttachment(network, attachment), file);
    }
  });

  test("a server that lies about the file is found out", async () => {
    const server = await start();
    const { attachment } = await uploadAttachment(network, { data: sampleBytes(5000) }, { server });
    const answers = (change: (body: Uint8Array) => Uint8Array): FileNetwork => ({
      async callServer(...call) {
        const reply = await network.callServer(...call);
        return { ...reply, body: change(reply.body) };
      },
    });
    const get = (change: (body: Uint8Array) => Uint8Array, maxBytes?: number): Promise<string> =>
      refusal(() => downloadAttachment(answers(change), attachment, { maxBytes }));
    expect(await get((body) => flipped(body, 1000))).toBe("FILE_CORRUPT mac");
    expect(await get((body) => body.slice(0, -1))).toBe("FILE_CORRUPT mac");
    expect(await get(() => new Uint8Array(0))).toBe("FILE_CORRUPT too-short");
    expect(await get(() => new Uint8Array(300_000), 200_000)).toBe("FILE_TOO_LARGE");
    expect(await get(() => new Uint8Array(10_300_000))).toBe("FILE_TOO_LARGE");
  });

  test("pointers that cannot work are refused without asking anybody", async () => {
    const base = { isVoiceMessage: false, scheme: "legacy", key: sampleBytes(64), size: 5 } as const;
    const get = (changes: object): Promise<string> =>
      refusal(() => downloadAttachment(network, { ...base, ...changes }));
    expect(await get({})).toBe("FILE_URL_INVALID");
    expect(await get({ url: "nonsense" })).toBe("FILE_URL_INVALID");
    expect(await get({ url: "http://files.example/file/1" })).toBe("FILE_SERVER_UNKNOWN");
    expect(await get({ url: "http://filev2.getsession.org/file/1", key: undefined })).toBe(
      "FILE_KEY_INVALID",
    );
    expect(await get({ url: "http://filev2.getsession.org/file/1", scheme: "none" })).toBe(
      "FILE_KEY_INVALID",
    );
    expect(network.requests).toEqual([]);
  });
});

describe("avatars", () => {
  test.each(["legacy", "stream"] as const)("travel in the %s scheme", async (scheme) => {
    const server = await start();
    const image = sampleBytes(3000, "image");
    const { url, key } = await uploadAvatar(network, image, { server, scheme, seed: SEED });
    expect(key.length).toBe(32);
    expectSame(await downloadAvatar(network, { url, key }), image);
    expect(await refusal(() => downloadAvatar(network, { url, key: flipped(key, 0) }))).toMatch(
      /^FILE_CORRUPT/,
    );
    expect(await refusal(() => downloadAvatar(network, { url, key: key.slice(1) }))).toBe("FILE_KEY_INVALID");
    expect(await refusal(() => uploadAvatar(network, new Uint8Array(0), { server }))).toBe("FILE_EMPTY");
  });
});

describe("life of a file", () => {
  test("info, extension and expiry", async () => {
    const server = await start();
    const { url, id } = await uploadFile(network, sampleBytes(100), { server, ttlSeconds: 60 });
    expect(await fileInfo(network, url)).toEqual({ size: 100, uploadedAt: START, expiresAt: START + 60_000 });
    clock += 30_000;
    expect(await extendFile(network, url, { ttlSeconds: 60 })).toEqual({
      size: 100,
      uploadedAt: START,
      expiresAt: START + 90_000,
    });
    expect((await extendFile(network, url, { ttlSeconds: 1 })).expiresAt).toBe(START + 90_000);
    expect((await downloadFile(network, url)).expiresAt).toBe(START + 90_000);
    clock = START + 90_000;
    for (const call of [downloadFile, fileInfo, extendFile]) {
      expect(await refusal(() => call(network, url))).toBe("FILE_NOT_FOUND");
    }
    expect(server.files()).toEqual([]);
    expect(id).toHaveLength(44);
  });

  test("equal contents are kept once, with the later end", async () => {
    const server = await start();
    const first = await uploadFile(network, sampleBytes(100), { server, ttlSeconds: 600 });
    clock += 1000;
    const second = await uploadFile(network, sampleBytes(100), { server, ttlSeconds: 60 });
    expect(second.id).toBe(first.id);
    expect(second.expiresAt).toBe(first.expiresAt);
    expect(server.files()).toHaveLength(1);
    const hello = await uploadFile(network, new TextEncoder().encode("hello"), { server });
    expect(hello.id).toBe("tKO2VVg1JPHwgZuvqK_7bDHJeSr4UJ_8i13ETlwAn0jB");
  });

  test("numeric ids are decimal, never shared and never extended", async () => {
    const server = await start({ ids: "number" });
    const files = [
      await uploadFile(network, sampleBytes(9), { server }),
      await uploadFile(network, sampleBytes(9), { server }),
    ];
    expect(files[0]!.id).not.toBe(files[1]!.id);
    for (const { id, url } of files) {
      expect(id).toMatch(/^\d{1,16}$/);
      expectSame((await downloadFile(network, url)).data, sampleBytes(9));
      expect(await refusal(() => extendFile(network, url))).toBe("FILE_NOT_FOUND");
    }
  });
});

describe("refusals", () => {
  test("each status has its code, and only trouble of the server is worth another attempt", async () => {
    const server = await start();
    const { url } = await uploadFile(network, sampleBytes(10), { server });
    for (const [status, code, attempts] of [
      [404, "FILE_NOT_FOUND", 1],
      [413, "FILE_TOO_LARGE", 1],
      [401, "FILE_UNAUTHORIZED", 1],
      [425, "FILE_UNAUTHORIZED", 1],
      [400, "FILE_SERVER_ERROR", 1],
      [507, "FILE_SERVER_FULL", 1],
      [500, "FILE_SERVER_ERROR", 3],
      [502, "FILE_SERVER_ERROR", 3],
      [503, "FILE_SERVER_ERROR", 3],
    ] as const) {
      server.failWith(status);
      network.requests.length = 0;
      const { waits, sleep } = noSleep();
      expect(await refusal(() => downloadFile(network, url, { sleep })), String(status)).toBe(code);
      expect(network.requests).toHaveLength(attempts);
      expect(waits).toEqual([1000, 2000].slice(0, attempts - 1));
    }
  });

  test("a server that recovers is asked again", async () => {
    const server = await start();
    const { url } = await uploadFile(network, sampleBytes(10), { server });
    server.failWith(500);
    const sleep = async (): Promise<void> => server.failWith(undefined);
    expectSame((await downloadFile(network, url, { sleep })).data, sampleBytes(10));
  });

  test("413 and 507 come from the server's own limits", async () => {
    const small = await start({ maxBytes: 1000 });
    expect(await refusal(() => uploadFile(network, new Uint8Array(1001), { server: small }))).toBe(
      "FILE_TOO_LARGE",
    );
    expect((await uploadFile(network, new Uint8Array(1000), { server: small })).size).toBe(1000);
    const full = await start({ capacity: 1500 });
    await uploadFile(network, sampleBytes(1000, "a"), { server: full });
    expect(await refusal(() => uploadFile(network, sampleBytes(1000, "b"), { server: full }))).toBe(
      "FILE_SERVER_FULL",
    );
    await uploadFile(network, sampleBytes(1000, "a"), { server: full });
  });

  test("a time to live beyond the server's limit is refused, and ignored where there is none", async () => {
    const server = await start({ maxTtlSeconds: 100 });
    expect(await refusal(() => uploadFile(network, sampleBytes(1), { server, ttlSeconds: 101 }))).toBe(
      "FILE_SERVER_ERROR",
    );
    expect(await refusal(() => uploadFile(network, sampleBytes(1), { server, ttlSeconds: -1 }))).toBe(
      "INVALID_ARGUMENT",
    );
    const deaf = await start({ maxTtlSeconds: false, ttlSeconds: 7 });
    expect((await uploadFile(network, sampleBytes(1), { server: deaf, ttlSeconds: 101 })).expiresAt).toBe(
      START + 7000,
    );
  });

  test("a server with another key is asked with the next of its keys", async () => {
    const server = await start();
    const wrong = Buffer.from(nodeCrypto.x25519PublicKey(SEED)).toString("hex");
    const twoKeys = { ...server, x25519PublicKey: wrong, otherX25519PublicKeys: [server.x25519PublicKey] };
    expect((await uploadFile(network, sampleBytes(3), { server: twoKeys })).size).toBe(3);
    expect(network.requests).toHaveLength(2);
    expect(
      await refusal(() =>
        uploadFile(network, sampleBytes(3), { server: { ...server, x25519PublicKey: wrong } }),
      ),
    ).toBe("SERVER_REFUSED");
  });

  test("answers that make no sense are errors", async () => {
    const server = await start();
    const answering = (body: string, headers = {}): FileNetwork => ({
      callServer: async () => ({ status: 200, headers, body: new TextEncoder().encode(body), path: [] }),
    });
    for (const body of [
      "",
      "nonsense",
      "[]",
      "null",
      "{}",
      '{"id":""}',
      '{"id":true}',
      '{"id":"../x"}',
      `{"id":"${"a".repeat(45)}"}`,
    ]) {
      expect(await refusal(() => uploadFile(answering(body), sampleBytes(3), { server })), body).toBe(
        "FILE_REPLY_INVALID",
      );
    }
    // Older servers know numbers and no end.
    expect(await uploadFile(answering('{"id":123}'), sampleBytes(3), { server })).toMatchObject({
      id: "123",
      expiresAt: undefined,
    });
    const url = `${server.url}/file/1#p=${server.ed25519PublicKey}`;
    for (const body of ["{}", '{"size":-1}', '{"size":"1"}']) {
      expect(await refusal(() => fileInfo(answering(body), url)), body).toBe("FILE_REPLY_INVALID");
    }
    expect(await fileInfo(answering('{"size":1,"expires":"x"}'), url)).toEqual({
      size: 1,
      uploadedAt: undefined,
      expiresAt: undefined,
    });
    expect((await downloadFile(answering("x", { expires: "nonsense" }), url)).expiresAt).toBeUndefined();
  });

  test("a server that stalls half way ends in TIMEOUT, and a later call gets the whole file", async () => {
    const server = await start();
    const { attachment } = await uploadAttachment(network, { data: sampleBytes(100_000) }, { server });
    server.stall();
    expect(await refusal(() => downloadAttachment(network, attachment, { timeoutMs: 50 }))).toBe("TIMEOUT");
    server.stall(false);
    expectSame(await downloadAttachment(network, attachment), sampleBytes(100_000));
  });

  test("an abort ends up- and download with ABORTED, whenever it comes", async () => {
    const server = await start();
    const { attachment } = await uploadAttachment(network, { data: sampleBytes(100_000) }, { server });
    const aborted = AbortSignal.abort();
    expect(
      await refusal(() => uploadAttachment(network, { data: sampleBytes(9) }, { server, signal: aborted })),
    ).toBe("ABORTED");
    expect(await refusal(() => downloadAttachment(network, attachment, { signal: aborted }))).toBe("ABORTED");
    server.stall();
    const controller = new AbortController();
    const onProgress = ({ loaded }: FileProgress): void => {
      if (loaded > 0) controller.abort();
    };
    const options = { server, signal: controller.signal, onProgress };
    expect(await refusal(() => uploadAttachment(network, { data: sampleBytes(100_000) }, options))).toBe(
      "ABORTED",
    );
    const other = new AbortController();
    const waiting = refusal(() => downloadAttachment(network, attachment, { signal: other.signal }));
    other.abort();
    expect(await waiting).toBe("ABORTED");
    // Between two attempts, too.
    server.stall(false);
    server.failWith(500);
    const third = new AbortController();
    const sleep = async (): Promise<void> => third.abort();
    expect(
      await refusal(() => downloadAttachment(network, attachment, { signal: third.signal, sleep })),
    ).toBe("ABORTED");
  });

  test("errors of the network pass through", async () => {
    const server = await start();
    const failing: FileNetwork = {
      callServer: async () => {
        throw new SessionError("PATH_FAILED", "no path");
      },
    };
    expect(await refusal(() => uploadFile(failing, sampleBytes(3), { server }))).toBe("PATH_FAILED");
    await server.close();
    expect(await refusal(() => uploadFile(network, sampleBytes(3), { server }))).toBe("SERVER_UNREACHABLE");
  });
});

describe("the version check", () => {
  const account = restoreAccount(sampleBytes(16, "account"));

  test("tells the newest releases", async () => {
    const release = {
      version: "1.2.3",
      name: "Name",
      notes: "Notes",
      assets: [{ name: "a.deb", url: "https://x/a.deb" }],
    };
    const releases = {
      desktop: { stable: release, alpha: { version: "2.0.0" }, prerelease: { version: "1.3.0" } },
    };
    const server = await start({ releases });
    expect(await sessionVersion(network, "desktop", { server })).toEqual({
      ...release,
      updatedAt: START,
      prerelease: { version: "1.3.0", name: undefined, notes: undefined, assets: [] },
    });
    expect(await sessionVersion(network, "desktop", { server, releaseChannel: "stable" })).toMatchObject({
      version: "1.2.3",
    });
    expect(await sessionVersion(network, "desktop", { server, releaseChannel: "alpha" })).toMatchObject({
      version: "2.0.0",
    });
    expect(network.requests).toEqual([
      "GET /session_version?platform=desktop",
      "GET /session_version?platform=desktop&release_channel=stable",
      "GET /session_version?platform=desktop&release_channel=alpha",
    ]);
    const { sleep } = noSleep();
    expect(await refusal(() => sessionVersion(network, "ios", { server, sleep }))).toBe("FILE_SERVER_ERROR");
    expect(await refusal(() => sessionVersion(network, "amiga" as "ios", { server }))).toBe("FILE_NOT_FOUND");
  });

  test("signs with the account's version key, within a day", async () => {
    const server = await start();
    for (const now of [clock, clock - DAY, clock + DAY]) {
      expect((await sessionVersion(network, "android", { server, account, now })).version).toBe("1.0.0");
    }
    for (const now of [clock - DAY - 1000, clock + DAY + 1000]) {
      expect(await refusal(() => sessionVersion(network, "android", { server, account, now }))).toBe(
        "FILE_UNAUTHORIZED",
      );
    }
  });

  test("bad signatures and keys are refused", async () => {
    const server = await start();
    const changing = (name: string, value: string): FileNetwork => ({
      callServer: (destination, request, options) =>
        network.callServer(
          destination,
          { ...request, headers: { ...request.headers, [name]: value } },
          options,
        ),
    });
    for (const [name, value] of [
      ["X-FS-Signature", "A".repeat(86)],
      ["X-FS-Signature", "short"],
      ["X-FS-Pubkey", `05${"00".repeat(32)}`],
      ["X-FS-Pubkey", `07${"00".repeat(32)}`],
      ["X-FS-Pubkey", "zz"],
      ["X-FS-Timestamp", "now"],
      ["X-FS-Timestamp", ""],
    ] as const) {
      const options = { server, account, now: clock };
      expect(
        await refusal(() => sessionVersion(changing(name, value), "ios", options)),
        `${name} ${value}`,
      ).toBe("FILE_UNAUTHORIZED");
    }
  });
});
