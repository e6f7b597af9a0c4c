/**
 * `npm run bench:files`: encrypting and decrypting a 10 MB attachment against what no implementation can avoid, AES-256-CBC
 * and HMAC-SHA-256 of `node:crypto` over the same bytes, in one run. Ratios are the result (above 1: faster than the raw
 * primitives); absolute times depend on the machine. Rounds take turns, so that a busy machine slows all alike.
 *
 * The legacy scheme does one SHA-256 more than the raw primitives (the digest); the stream scheme uses others.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import {
  type ByteSource,
  decryptAttachment,
  decryptAttachmentStream,
  encryptAttachment,
  encryptAttachmentStream,
} from "session-messenger-sdk/files";

const SIZE = 10_000_000;
const PIECE = 65_536;
const TARGET = 0.5;
const ROUNDS = Number(process.env["ROUNDS"] ?? 15);

const file = new Uint8Array(randomBytes(SIZE));
const seed = new Uint8Array(randomBytes(32));
const [aesKey, macKey, iv] = [randomBytes(32), randomBytes(32), randomBytes(16)];

interface Rival {
  readonly name: string;
  /** Compared with the target, not only shown. */
  readonly isHeld: boolean;
  encrypt(): unknown;
  decrypt(): unknown;
}

function raw(): Rival {
  let ciphertext = Buffer.alloc(0);
  return {
    name: "node:crypto AES-CBC + HMAC",
    isHeld: false,
    encrypt() {
      const cipher = createCipheriv("aes-256-cbc", aesKey, iv);
      ciphertext = Buffer.concat([cipher.update(file), cipher.final()]);
      return createHmac("sha256", macKey).update(ciphertext).digest();
    },
    decrypt() {
      createHmac("sha256", macKey).update(ciphertext).digest();
      const decipher = createDecipheriv("aes-256-cbc", aesKey, iv);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
  };
}

function whole(scheme: "legacy" | "stream", crypto: Crypto): Rival {
  let encrypted = encryptAttachment(file, { scheme, seed, crypto });
  return {
    name: `${scheme}, whole, ${crypto.name}`,
    isHeld: crypto === nodeCrypto,
    encrypt() {
      encrypted = encryptAttachment(file, { scheme, seed, crypto });
    },
    decrypt: () => decryptAttachment(encrypted.blob, encrypted, crypto),
  };
}

function inPieces(scheme: "legacy" | "stream", crypto: Crypto): Rival {
  const { blob, ...secrets } = encryptAttachment(file, { scheme, seed, crypto });
  return {
    name: `${scheme}, in pieces, ${crypto.name}`,
    isHeld: crypto === nodeCrypto,
    encrypt: () => drain(encryptAttachmentStream(pieces(file), { scheme, seed, crypto }).pieces),
    decrypt: () => drain(decryptAttachmentStream(pieces(blob), secrets, { crypto })),
  };
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

async function drain(source: ByteSource): Promise<void> {
  for await (const _ of source);
}

async function milliseconds(task: () => unknown): Promise<number> {
  const started = performance.now();
  await task();
  return performance.now() - started;
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1] ?? 0;

/** Median times of each rival, all taking turns. */
async function race(rivals: readonly Rival[], rounds: number): Promise<Map<Rival, [number, number]>> {
  const times = new Map(rivals.map((rival) => [rival, [[], []] as [number[], number[]]]));
  for (let round = -2; round < rounds; round++) {
    for (const [rival, [encrypting, decrypting]] of times) {
      const taken = [
        await milliseconds(() => rival.encrypt()),
        await milliseconds(() => rival.decrypt()),
      ] as const;
      if (round < 0) continue;
      encrypting.push(taken[0]);
      decrypting.push(taken[1]);
    }
  }
  return new Map([...times].map(([rival, [a, b]]) => [rival, [median(a), median(b)]]));
}

let failed = false;
function show(results: Map<Rival, [number, number]>): void {
  const [base = [0, 0]] = results.values();
  for (const [{ name, isHeld }, [encrypting, decrypting]] of results) {
    const ratios = [
      base[0] / encrypting,
      base[1] / decrypting,
      (base[0] + base[1]) / (encrypting + decrypting),
    ];
    const isBelow = isHeld && ratios.some((ratio) => ratio < TARGET);
    failed ||= isBelow;
    const columns = [encrypting, decrypting].map((ms) => ms.toFixed(1).padStart(9));
    const speeds = ratios.map((ratio) => `${ratio.toFixed(2)}x`.padStart(9));
    console.log(`${name.padEnd(30)}${columns.join("")}${speeds.join("")}${isBelow ? "  BELOW" : ""}`);
  }
}

console.log(
  `${"10 MB, ms (median)".padEnd(30)}  encrypt  decrypt  encrypt  decrypt     both   (at least ${TARGET}x)`,
);
const held = [
  raw(),
  whole("legacy", nodeCrypto),
  inPieces("legacy", nodeCrypto),
  whole("stream", nodeCrypto),
  inPieces("stream", nodeCrypto),
];
show(await race(held, ROUNDS));
console.log();
show(await race([raw(), whole("legacy", portableCrypto), whole("stream", portableCrypto)], 3));
process.exitCode = failed ? 1 : 0;
