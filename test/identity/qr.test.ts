import fc from "fast-check";
import { decodeQR } from "qr/decode.js";
import {
  accountFromSeed,
  encodeQrPayload,
  encodeRecoveryQrPayload,
  parseQrPayload,
  type SessionId,
} from "session-messenger-sdk/identity";
import { qrSvg, qrTerminal } from "session-messenger-sdk/identity/qr";
import { allWordlists } from "session-messenger-sdk/identity/wordlists";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../runners/op.js";
import { knownAccounts, refusal, runs, survives } from "./support.js";

const { seed, phrase, sessionId } = knownAccounts[1];
const ID = sessionId as SessionId;
const LINK = `https://open.getsession.org/session?public_key=${"a03c383cf63c3c4e".repeat(4)}`;

describe("contents", () => {
  test("of an account's code is its plain id", () => {
    expect(encodeQrPayload(ID)).toBe(sessionId);
    expect(refusal(() => encodeQrPayload(`03${ID.slice(2)}` as SessionId)).code).toBe("ID_INVALID");
  });

  test("of a recovery code is the seed in hexadecimal", () => {
    expect(encodeRecoveryQrPayload(fromHex(seed))).toBe(seed);
    expect(encodeRecoveryQrPayload(fromHex(seed + "0".repeat(32)))).toBe(seed);
    expect(encodeRecoveryQrPayload(fromHex("f".repeat(64)))).toBe("f".repeat(64));
    expect(refusal(() => encodeRecoveryQrPayload(new Uint8Array(17))).code).toBe("SEED_INVALID");
  });

  test.each([sessionId, sessionId.toUpperCase(), ` ${sessionId}\n`])("%j is a Session ID", (text) => {
    expect(parseQrPayload(text)).toEqual({ kind: "session-id", id: sessionId });
  });

  test.each([
    LINK,
    ` ${LINK} `,
    LINK.replace("https", "HTTP"),
    LINK.replace("/session", "/r/session"),
    LINK.replace("open.getsession.org", "127.0.0.1:8080"),
  ])("%j is a community link", (text) => {
    expect(parseQrPayload(text)).toEqual({ kind: "community", url: text.trim() });
  });

  test.each([phrase, phrase.toUpperCase(), seed, seed.toUpperCase(), seed + "0".repeat(32)])(
    "%j is a seed",
    (text) => {
      const payload = parseQrPayload(text);
      expect(payload.kind).toBe("seed");
      expect(payload.kind === "seed" && toHex(payload.seed)).toBe(seed);
    },
  );

  test("may be a phrase of another language", () => {
    const text = "culto ojo oído culto ojo oído culto ojo oído culto ojo oído ojo";
    const payload = parseQrPayload(text, { wordlists: allWordlists });
    expect(payload.kind === "seed" && toHex(payload.seed)).toBe("f".repeat(32));
    expect(refusal(() => parseQrPayload(text)).code).toBe("QR_UNKNOWN");
  });

  test.each([
    "",
    "hello",
    "https://example.org/",
    LINK.slice(0, -1),
    LINK.replace("https", "ftp"),
    `03${ID.slice(2)}`,
    `15${ID.slice(2)}`,
    seed.slice(1),
    `${seed}00`,
    sessionId.slice(0, 48),
  ])("%j is unknown", (text) => {
    expect(refusal(() => parseQrPayload(text)).code).toBe("QR_UNKNOWN");
  });

  test("that are nearly a phrase say what is wrong with it", () => {
    const error = refusal(() => parseQrPayload(phrase.replace("films", "zzzzz")));
    expect(error.code).toBe("QR_UNKNOWN");
    expect(error.cause).toMatchObject({ code: "PHRASE_UNKNOWN_WORD", details: { position: 4 } });
  });

  test("that are random are refused by a SessionError and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webUrl()), (text) => {
        expect(refusal(() => parseQrPayload(text)).code).toBe("QR_UNKNOWN");
      }),
      runs(200),
    );
    for (const text of [undefined, null, 1, {}]) survives(() => parseQrPayload(text as never));
  });

  test("come back from what is encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const account = accountFromSeed(bytes);
        expect(parseQrPayload(encodeQrPayload(account.sessionId))).toEqual({
          kind: "session-id",
          id: account.sessionId,
        });
        expect(parseQrPayload(encodeRecoveryQrPayload(bytes))).toEqual({ kind: "seed", seed: bytes });
      }),
      runs(50),
    );
  });
});

/** Reads a code back from its modules (true = dark), each drawn as a square of pixels. */
function read(modules: readonly (readonly boolean[])[]): string {
  const scale = 4;
  const size = modules.length * scale;
  const data = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const isDark = modules[Math.floor(y / scale)]![Math.floor(x / scale)]!;
      data.fill(isDark ? 0 : 255, (y * size + x) * 3, (y * size + x + 1) * 3);
    }
  }
  return decodeQR({ width: size, height: size, data });
}

/** Modules of terminal lines: a block character is light where it is filled. */
function terminalModules(text: string): boolean[][] {
  const rows: boolean[][] = [];
  for (const line of text.split("\n")) {
    rows.push([...line].map((character) => !"█▀".includes(character)));
    rows.push([...line].map((character) => !"█▄".includes(character)));
  }
  // The last line may stand for one row of the border only; readers want a square.
  return rows.slice(0, rows[0]!.length);
}

/** Modules of the runs in an SVG's dark path. */
function svgModules(svg: string): boolean[][] {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)![1]);
  const rows = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  for (const [, x, y, length, back] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)) {
    expect(back).toBe(length);
    rows[Number(y)]!.fill(true, Number(x), Number(x) + Number(length));
  }
  return rows;
}

describe("pictures", () => {
  test.each([sessionId, seed, LINK, phrase])("of %j are read back", (text) => {
    expect(read(svgModules(qrSvg(text)))).toBe(text);
    expect(read(terminalModules(qrTerminal(text)))).toBe(text);
  });

  test("have light borders and nothing but themselves", () => {
    const svg = qrSvg(sessionId);
    expect(svg).toMatch(/^<svg [^<>]+><path fill="#fff" [^<>]+\/><path d="[Mhvz\d -]+"\/><\/svg>$/);
    const modules = svgModules(svg);
    for (const row of modules) {
      expect([...row.slice(0, 4), ...row.slice(-4)]).not.toContain(true);
    }
    expect([...modules.slice(0, 4), ...modules.slice(-4)].flat()).not.toContain(true);
    expect(qrTerminal(sessionId)).toMatch(/^[█▀▄ \n]+[█▀▄ ]$/);
  });

  test("in colour are the same lines between ANSI codes", () => {
    const plain = qrTerminal(sessionId).split("\n");
    const color = qrTerminal(sessionId, { color: true }).split("\n");
    expect(color).toEqual(plain.map((line) => `\u001b[97;40m${line}\u001b[0m`));
  });

  test("of too much text are refused", () => {
    for (const draw of [qrSvg, qrTerminal]) {
      const error = refusal(() => draw("x".repeat(3000)));
      expect(error.code).toBe("QR_TOO_LONG");
      expect(error.details).toEqual({ length: 3000 });
      expect(refusal(() => draw(undefined as never)).code).toBe("QR_TOO_LONG");
    }
  });
});
