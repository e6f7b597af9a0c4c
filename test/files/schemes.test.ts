import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { isSessionError } from "session-messenger-sdk/errors";
import {
  decryptAttachment,
  decryptAttachmentStream,
  decryptAvatar,
  decryptAvatarGcm,
  decryptLegacy,
  decryptStream,
  type EncryptedFile,
  encryptAttachment,
  encryptAttachmentStream,
  encryptAvatar,
  encryptAvatarGcm,
  encryptLegacy,
  encryptStream,
  legacyPaddedSize,
  streamEncryptedSize,
  streamPadding,
} from "session-messenger-sdk/files";
import { describe, expect, test } from "vitest";
import { fromHex } from "../runners/op.js";
import { ourBackends } from "../support/backends.js";
import { readVectors } from "../support/vectors.js";
import { collect, cut, expectSame, flipped, refusal, sampleBytes } from "./support.js";

const RUNS = 25 * Number(process.env.FC_RUNS ?? 1);
const SEED = sampleBytes(32, "seed");
const SCHEMES = ["legacy", "stream"] as const;

const encryptedOnce = (
  scheme: "legacy" | "stream",
  size: number,
  crypto: Crypto = nodeCrypto,
): EncryptedFile => encryptAttachment(sampleBytes(size), { scheme, seed: SEED, crypto });

describe.each(SCHEMES)("the %s scheme", (scheme) => {
  test("gives back what was put in, whatever the content and the cuts, with both backends", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 });
    const data = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 700 }),
      fc.integer({ min: 1, max: 70_000 }).map((size) => sampleBytes(size)),
      fc.integer({ min: 1, max: 40_000 }).map((size) => new Uint8Array(size)),
    );
    await fc.assert(
      fc.asyncProperty(data, sizes, sizes, fc.boolean(), async (file, cutsIn, cutsOut, swap) => {
        const [first, second] = swap ? [portableCrypto, nodeCrypto] : [nodeCrypto, portableCrypto];
        const options = { scheme, seed: SEED };
        const whole = encryptAttachment(file, { ...options, crypto: first });
        expectSame(decryptAttachment(whole.blob, whole, second), file);
        const { pieces, secrets } = encryptAttachmentStream(cut(file, ...cutsIn), {
          ...options,
          crypto: second,
        });
        const blob = await collect(pieces);
        expectSame(decryptAttachment(blob, secrets(), first), file);
        expect(blob.length).toBe(whole.blob.length);
        const read = decryptAttachmentStream(cut(blob, ...cutsOut), secrets(), { crypto: first });
        expectSame(await collect(read), file);
      }),
      { numRuns: RUNS },
    );
  });

  test("works byte by byte", async () => {
    const file = sampleBytes(1500);
    const { pieces, secrets } = encryptAttachmentStream(cut(file, 1), { scheme, seed: SEED });
    const blob = await collect(pieces);
    expectSame(await collect(decryptAttachmentStream(cut(blob, 1), secrets())), file);
    expect(secrets()).toMatchObject({ scheme, size: 1500 });
  });

  test("hands nothing out before all input was read, and nothing at all of damaged input", async () => {
    const { blob, ...secrets } = encryptedOnce(scheme, 150_000);
    let isRead = false;
    async function* watched(): AsyncGenerator<Uint8Array> {
      yield* cut(blob, 10_000);
      isRead = true;
    }
    for await (const piece of decryptAttachmentStream(watched(), secrets)) {
      expect(isRead).toBe(true);
      expect(piece.length).toBeGreaterThan(0);
    }
    for (const at of [0, 1, 16, 40, 70_000, blob.length - 33, blob.length - 1]) {
      let handedOut = 0;
      const error = await refusal(async () => {
        for await (const piece of decryptAttachmentStream(cut(flipped(blob, at), 9_999), secrets))
          handedOut += piece.length;
      });
      expect(error).toMatch(/^FILE_(CORRUPT|UNSUPPORTED)/);
      expect(handedOut).toBe(0);
    }
  });

  test("refuses every changed bit of a small file and every changed chunk border of a large one", async () => {
    for (const crypto of ourBackends) {
      const small = encryptedOnce(scheme, 10, crypto);
      const step = crypto === nodeCrypto ? 1 : 97;
      for (let at = 0; at < small.blob.length; at += step) {
        expect(await refusal(() => decryptAttachment(flipped(small.blob, at), small, crypto))).toMatch(
          /^FILE_/,
        );
      }
      const large = encryptedOnce(scheme, 100_000, crypto);
      for (let border = 25; border < large.blob.length; border += 32_785) {
        for (const at of [border - 1, border, border + 1]) {
          const changed = flipped(large.blob, Math.min(at, large.blob.length - 1));
          expect(await refusal(() => decryptAttachment(changed, large, crypto))).toMatch(/^FILE_CORRUPT/);
        }
      }
    }
  });

  test("refuses truncated, extended, empty and foreign input, in one piece and in many", async () => {
    const { blob, ...secrets } = encryptedOnce(scheme, 70_000);
    const other = encryptedOnce(scheme, 70_001);
    const lengths = [
      0,
      1,
      24,
      25,
      26,
      41,
      47,
      48,
      49,
      63,
      64,
      79,
      80,
      32_810,
      65_595,
      blob.length - 16,
      blob.length - 1,
    ];
    const inputs = [
      ...lengths.map((length) => blob.slice(0, length)),
      new Uint8Array([...blob, 0]),
      other.blob,
    ];
    for (const input of inputs) {
      const whole = await refusal(() => decryptAttachment(input, secrets));
      expect(whole).toMatch(/^FILE_CORRUPT/);
      expect(await refusal(() => collect(decryptAttachmentStream(cut(input, 4096), secrets)))).toBe(whole);
    }
  });

  test("random input is refused, never anything else", async () => {
    const bytes = (min: number, max = min): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: min, maxLength: max });
    const prefixed = bytes(0, 300).map((rest) => new Uint8Array([0x53, ...rest]));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(bytes(0, 300), prefixed),
        bytes(0, 70),
        bytes(0, 40),
        fc.nat(),
        async (blob, key, digest, size) => {
          const secrets = { scheme, key, digest, size };
          const whole = await refusal(() => decryptAttachment(blob, secrets));
          expect(whole).toMatch(/^FILE_/);
          expect(await refusal(() => collect(decryptAttachmentStream(cut(blob, 7), secrets)))).toBe(whole);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("goes by the size: smaller cuts, larger, zero and missing are refused", async () => {
    const { blob, size, ...secrets } = encryptedOnce(scheme, 700);
    const file = sampleBytes(700);
    expect(decryptAttachment(blob, { ...secrets, size: 300 })).toEqual(file.slice(0, 300));
    expect(await collect(decryptAttachmentStream([blob], { ...secrets, size: 300 }))).toEqual(
      file.slice(0, 300),
    );
    for (const [wrong, reason] of [
      [100_000, "size-too-big"],
      [4_294_967_295, "size-too-big"],
      [0, "size-missing"],
      [-1, "size-missing"],
      [0.5, "size-missing"],
      [undefined, "size-missing"],
    ] as const) {
      const lie = { ...secrets, size: wrong };
      expect(await refusal(() => decryptAttachment(blob, lie))).toBe(`FILE_CORRUPT ${reason}`);
      expect(await refusal(() => collect(decryptAttachmentStream([blob], lie)))).toBe(
        `FILE_CORRUPT ${reason}`,
      );
    }
    expect(size).toBe(700);
  });

  test("refuses keys that are missing, short, long or another one", async () => {
    const { blob, ...secrets } = encryptedOnce(scheme, 700);
    for (const key of [
      undefined,
      new Uint8Array(0),
      secrets.key.slice(1),
      new Uint8Array([...secrets.key, 0]),
    ]) {
      expect(await refusal(() => decryptAttachment(blob, { ...secrets, key }))).toBe("FILE_KEY_INVALID");
      const read = decryptAttachmentStream([blob], { ...secrets, key });
      expect(await refusal(() => collect(read))).toBe("FILE_KEY_INVALID");
    }
    const foreign = { ...secrets, key: sampleBytes(secrets.key.length, "foreign") };
    expect(await refusal(() => decryptAttachment(blob, foreign))).toMatch(/^FILE_CORRUPT (mac|chunk)$/);
  });

  test("refuses to send nothing, and passes on what the source throws", async () => {
    expect(await refusal(() => encryptAttachment(new Uint8Array(0), { scheme, seed: SEED }))).toBe(
      "FILE_EMPTY",
    );
    const empty = encryptAttachmentStream([new Uint8Array(0)], { scheme, seed: SEED });
    expect(await refusal(() => collect(empty.pieces))).toBe("FILE_EMPTY");
    expect(await refusal(() => empty.secrets())).toBe("INVALID_ARGUMENT");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield sampleBytes(10);
      throw new RangeError("the disk is gone");
    }
    const pieces = encryptAttachmentStream(broken(), { scheme, seed: SEED }).pieces;
    await expect(collect(pieces)).rejects.toThrow("the disk is gone");
    await expect(collect(decryptAttachmentStream(broken(), encryptedOnce(scheme, 5)))).rejects.toThrow();
  });

  test("keeps no hold on buffers that the source uses again", async () => {
    const file = sampleBytes(50_000);
    function* reusing(bytes: Uint8Array): Generator<Uint8Array> {
      const buffer = Buffer.alloc(1000);
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const length = Buffer.from(bytes).copy(buffer, 0, at);
        yield buffer.subarray(0, length);
        buffer.fill(0xee);
      }
    }
    for (const crypto of ourBackends) {
      const { pieces, secrets } = encryptAttachmentStream(reusing(file), { scheme, seed: SEED, crypto });
      const blob = await collect(pieces);
      expectSame(decryptAttachment(blob, secrets(), crypto), file);
      expectSame(await collect(decryptAttachmentStream(reusing(blob), secrets(), { crypto })), file);
    }
  });

  test("stops reading input that is longer than allowed", async () => {
    const { blob, ...secrets } = encryptedOnce(scheme, 50_000);
    let read = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        read += 1000;
        yield blob.subarray(0, 1000);
      }
    }
    const pieces = decryptAttachmentStream(endless(), secrets, { maxBytes: 20_000 });
    expect(await refusal(() => collect(pieces))).toMatch(/^FILE_(TOO_LARGE|CORRUPT)/);
    expect(read).toBeLessThanOrEqual(34_000);
  });
});

describe("legacy details", () => {
  test("is AES-256-CBC of OpenSSL with HMAC-SHA-256, padded with zeros", () => {
    const file = sampleBytes(1000);
    for (const crypto of ourBackends) {
      const { blob, key, digest } = encryptLegacy(file, { crypto });
      const [iv, ciphertext, mac] = [blob.subarray(0, 16), blob.subarray(16, -32), blob.subarray(-32)];
      const decipher = createDecipheriv("aes-256-cbc", key.subarray(0, 32), iv);
      const padded = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
      expect(padded).toEqual(Buffer.concat([file, Buffer.alloc(20)]));
      expect(Buffer.from(mac)).toEqual(
        createHmac("sha256", key.subarray(32)).update(blob.subarray(0, -32)).digest(),
      );
      expect(Buffer.from(digest)).toEqual(createHash("sha256").update(blob).digest());
    }
  });

  test("draws a new key and iv every time, and refuses wrong ones", async () => {
    const file = sampleBytes(10);
    expect(encryptLegacy(file).key).not.toEqual(encryptLegacy(file).key);
    expect(encryptLegacy(file).blob.slice(0, 16)).not.toEqual(encryptLegacy(file).blob.slice(0, 16));
    expect(await refusal(() => encryptLegacy(file, { key: sampleBytes(32) }))).toBe("FILE_KEY_INVALID");
    expect(await refusal(() => encryptLegacy(file, { iv: sampleBytes(12) }))).toBe("FILE_KEY_INVALID");
    for (const paddedSize of [9, -1, 10.5, Number.NaN]) {
      expect(await refusal(() => encryptLegacy(file, { paddedSize }))).toBe("INVALID_ARGUMENT");
    }
  });

  test("the images of link previews are not padded", () => {
    expect(encryptAttachment(sampleBytes(33), { pad: false }).blob.length).toBe(16 + 48 + 32);
    expect(encryptAttachment(sampleBytes(33)).blob.length).toBe(16 + 544 + 32);
  });

  test.each([
    [0, 541],
    [541, 541],
    [542, 568],
    [1_000, 1_020],
    [10_000, 10_110],
    [100_000, 100_155],
    [1_000_000, 1_041_743],
    [9_999_999, 10_000_000],
    [10_000_000, 10_000_000],
  ])("%i bytes are padded to %i", (size, padded) => {
    expect(legacyPaddedSize(size)).toBe(padded);
  });

  test("says what is wrong, mac before digest before block padding", async () => {
    const { blob, key, digest, size } = encryptLegacy(sampleBytes(600));
    const secrets = { key, digest, size };
    const badBody = flipped(blob, 100);
    const rightDigest = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);
    expect(await refusal(() => decryptLegacy(badBody, secrets))).toBe("FILE_CORRUPT mac");
    expect(await refusal(() => decryptLegacy(badBody, { ...secrets, digest: rightDigest(badBody) }))).toBe(
      "FILE_CORRUPT mac",
    );
    expect(await refusal(() => decryptLegacy(blob, { ...secrets, digest: flipped(digest, 3) }))).toBe(
      "FILE_CORRUPT digest",
    );
    expect(await refusal(() => decryptLegacy(blob, { key, size }))).toBe("FILE_CORRUPT digest-missing");
    expect(await refusal(() => decryptLegacy(blob, { ...secrets, digest: new Uint8Array(0) }))).toBe(
      "FILE_CORRUPT digest-missing",
    );
    expect(await refusal(() => decryptLegacy(blob.slice(0, 47), secrets))).toBe("FILE_CORRUPT too-short");

    const signed = (body: Uint8Array): [Uint8Array, object] => {
      const mac = createHmac("sha256", key.subarray(32)).update(body).digest();
      const forged = new Uint8Array(Buffer.concat([body, mac]));
      return [forged, { key, size: 5, digest: rightDigest(forged) }];
    };
    const iv = sampleBytes(16);
    const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv).setAutoPadding(false);
    const unpadded = Buffer.concat([iv, cipher.update(Buffer.alloc(32, 0x41)), cipher.final()]);
    for (const body of [unpadded, iv, unpadded.subarray(0, 40)]) {
      const [forged, forgedSecrets] = signed(body);
      expect(await refusal(() => decryptLegacy(forged, forgedSecrets))).toBe("FILE_CORRUPT block-padding");
      const read = decryptAttachmentStream([forged], { scheme: "legacy", ...forgedSecrets });
      expect(await refusal(() => collect(read))).toBe("FILE_CORRUPT block-padding");
    }
  });
});

describe("stream details", () => {
  test("is deterministic by content, seed and domain", () => {
    const file = sampleBytes(100);
    const options = { seed: SEED };
    expect(encryptStream(file, options)).toEqual(encryptStream(file, options));
    const others = [
      encryptStream(sampleBytes(101), options),
      encryptStream(file, { seed: sampleBytes(32, "other") }),
      encryptStream(file, { ...options, domain: "avatar" }),
    ];
    for (const { key } of others) expect(key).not.toEqual(encryptStream(file, options).key);
  });

  test.each([
    [0, 4096],
    [4053, 4096],
    [4054, 8192],
    [8149, 8192],
    [8150, 12_288],
    [33_333, 36_864],
    [261_982, 262_144],
    [261_983, 270_336],
    [523_990, 524_288],
    [523_991, 540_672],
    [6_543_210, 6_553_600],
    [10_000_000, 10_223_616],
    [10_218_286, 10_223_616],
    [25_000_000, 25_165_824],
  ])("%i bytes become %i", (size, encrypted) => {
    expect(streamEncryptedSize(size)).toBe(encrypted);
    expect(streamPadding(size)).toBeGreaterThanOrEqual(1);
  });

  test("sizes are whole numbers that grow with the file", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000_000 }), (size) => {
        const encrypted = streamEncryptedSize(size);
        expect(encrypted % 4096).toBe(0);
        expect(encrypted).toBeGreaterThan(size);
        expect(streamEncryptedSize(size + 1)).toBeGreaterThanOrEqual(encrypted);
      }),
      { numRuns: 5 * RUNS },
    );
  });

  test("has a limit that can be lifted", async () => {
    const large = new Uint8Array(10_218_287);
    expect(await refusal(() => encryptStream(large, { seed: SEED }))).toBe("FILE_TOO_LARGE");
    const { blob, key } = encryptStream(large, { seed: SEED, allowLarge: true });
    expect(decryptStream(blob, { key }).length).toBe(large.length);
    const pieces = encryptAttachmentStream(cut(large, 1_000_000), { scheme: "stream", seed: SEED }).pieces;
    expect(await refusal(() => collect(pieces))).toBe("FILE_TOO_LARGE");
  });

  test("refuses wrong seeds", async () => {
    const file = sampleBytes(10);
    expect(await refusal(() => encryptStream(file, { seed: SEED.slice(1) }))).toBe("FILE_KEY_INVALID");
    expect(await refusal(() => encryptAttachment(file, { scheme: "stream" }))).toBe("FILE_KEY_INVALID");
    expect(await refusal(() => collect(encryptAttachmentStream([file], { scheme: "stream" }).pieces))).toBe(
      "FILE_KEY_INVALID",
    );
  });

  test("tells a reserved scheme, a missing end and bytes after it apart", async () => {
    const key = sampleBytes(32, "key");
    const header = sampleBytes(24, "header");
    const stream = (...messages: [Uint8Array, number][]): Uint8Array => {
      const encryptor = nodeCrypto.secretstreamEncryptor(key, header);
      return Buffer.concat([
        Buffer.of(0x53),
        header,
        ...messages.map(([bytes, tag]) => encryptor.push(bytes, tag)),
      ]);
    };
    const chunk = new Uint8Array(32_768).fill(7);
    chunk[0] = 1;
    const open = (blob: Uint8Array): Promise<string> => refusal(() => decryptStream(blob, { key }));
    expect(await open(Uint8Array.of(0x54, 1, 2))).toBe("FILE_UNSUPPORTED");
    expect(await open(stream())).toBe("FILE_CORRUPT no-final-chunk");
    expect(await open(stream([chunk, 0]))).toBe("FILE_CORRUPT no-final-chunk");
    expect(await open(stream([chunk, 3], [chunk, 3]))).toBe("FILE_CORRUPT data-after-final-chunk");
    expect(await open(stream([new Uint8Array(10), 3]))).toBe("FILE_CORRUPT padding");
    expect(await open(stream([Uint8Array.of(0, 0, 2, 1), 3]))).toBe("FILE_CORRUPT padding");
    expect(decryptStream(stream([chunk, 0], [Uint8Array.of(9), 3]), { key }).length).toBe(32_768);
    expect(decryptStream(stream([Uint8Array.of(0, 1), 3]), { key }).length).toBe(0);
  });
});

describe("avatars", () => {
  const image = sampleBytes(5000, "image");

  test("the fragment of the url chooses the scheme, not the key", () => {
    for (const crypto of ourBackends) {
      const legacy = encryptAvatar(image, { crypto });
      expectSame(decryptAvatar(legacy.blob, { key: legacy.key, url: "http://h/file/1" }, crypto), image);
      const stream = encryptAvatar(image, { scheme: "stream", seed: SEED, crypto });
      expect(stream.key.length).toBe(legacy.key.length);
      for (const url of ["http://h/file/1#d", "http://h/file/1#p=00&d=", "http://h/file/1#d=&p=00"]) {
        expectSame(decryptAvatar(stream.blob, { key: stream.key, url }, crypto), image);
      }
    }
  });

  test("a wrong scheme, a wrong key and damage are refused", async () => {
    const { blob, key } = encryptAvatarGcm(image);
    const url = "http://h/file/1";
    expect(await refusal(() => decryptAvatar(blob, { key, url: `${url}#d` }))).toMatch(
      /^FILE_(UNSUPPORTED|CORRUPT)/,
    );
    expect(await refusal(() => decryptAvatar(blob, { key: key.slice(1), url }))).toBe("FILE_KEY_INVALID");
    expect(await refusal(() => decryptAvatar(blob, { key: sampleBytes(32), url }))).toBe("FILE_CORRUPT tag");
    for (let at = 0; at < blob.length; at += 41) {
      expect(await refusal(() => decryptAvatarGcm(flipped(blob, at), key))).toBe("FILE_CORRUPT tag");
    }
    expect(await refusal(() => decryptAvatarGcm(blob.slice(0, 28), key))).toBe("FILE_CORRUPT too-short");
    expect(await refusal(() => encryptAvatar(image, { scheme: "stream" }))).toBe("FILE_KEY_INVALID");
  });
});

describe("the decryption vectors in pieces", () => {
  const cases = [...readVectors("attachments").cases, ...readVectors("attachments-more").cases].filter(
    ({ op }) => op === "attach.legacy_decrypt" || op === "attach.stream_decrypt",
  );
  test.each([[1], [15, 17], [4096], [32_785], [1, 32_784]])("pieces of %j bytes", async (...sizes) => {
    for (const { op, name, input, output } of cases) {
      const isLegacy = op === "attach.legacy_decrypt";
      const blob = fromHex(isLegacy ? input.blob : input.encrypted);
      if (sizes[0] === 1 && sizes.length === 1 && blob.length > 5000) continue;
      // Stream cases have no size, which attachments always have.
      const size = isLegacy ? input.size : output.error ? 1 : fromHex(output.data).length;
      if (size === 0 && !isLegacy) continue;
      const secrets = {
        scheme: isLegacy ? "legacy" : "stream",
        key: fromHex(input.key),
        digest: input.digest === undefined ? undefined : fromHex(input.digest),
        size,
      } as const;
      try {
        const data = await collect(decryptAttachmentStream(cut(blob, ...sizes), secrets));
        expect(Buffer.from(data).toString("hex"), name).toBe(output.data);
      } catch (error) {
        if (!isSessionError(error)) throw error;
        expect({ error: true }, name).toEqual(output);
      }
    }
  });
});
