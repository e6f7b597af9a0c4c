/** BLAKE2b written from RFC 7693 §3 with bigints: slow, and independent of every library under test. */

const MASK = 2n ** 64n - 1n;
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];
const SIGMA = [
  "0123456789abcdef",
  "ea489fd61c02b753",
  "b8c052fdae367194",
  "7931dcbe265a40f8",
  "905724afe1bc683d",
  "2c6a0b834d75fe19",
  "c51fed4a0763928b",
  "db7ec13950f4862a",
  "6fe9b308c2d714a5",
  "a2847615fb9e3cd0",
];

const rotate = (value: bigint, by: bigint): bigint => ((value >> by) | (value << (64n - by))) & MASK;

function compress(h: bigint[], block: Uint8Array, counter: bigint, last: boolean): void {
  const view = new DataView(block.buffer, block.byteOffset, 128);
  const m = Array.from({ length: 16 }, (_, i) => view.getBigUint64(8 * i, true));
  const v = [...h, ...IV];
  v[12]! ^= counter & MASK;
  v[13]! ^= counter >> 64n;
  if (last) v[14]! ^= MASK;
  const mix = (a: number, b: number, c: number, d: number, x: bigint, y: bigint): void => {
    v[a] = (v[a]! + v[b]! + x) & MASK;
    v[d] = rotate(v[d]! ^ v[a]!, 32n);
    v[c] = (v[c]! + v[d]!) & MASK;
    v[b] = rotate(v[b]! ^ v[c]!, 24n);
    v[a] = (v[a]! + v[b]! + y) & MASK;
    v[d] = rotate(v[d]! ^ v[a]!, 16n);
    v[c] = (v[c]! + v[d]!) & MASK;
    v[b] = rotate(v[b]! ^ v[c]!, 63n);
  };
  for (let round = 0; round < 12; round++) {
    const s = [...SIGMA[round % 10]!].map((digit) => m[Number.parseInt(digit, 16)]!);
    mix(0, 4, 8, 12, s[0]!, s[1]!);
    mix(1, 5, 9, 13, s[2]!, s[3]!);
    mix(2, 6, 10, 14, s[4]!, s[5]!);
    mix(3, 7, 11, 15, s[6]!, s[7]!);
    mix(0, 5, 10, 15, s[8]!, s[9]!);
    mix(1, 6, 11, 12, s[10]!, s[11]!);
    mix(2, 7, 8, 13, s[12]!, s[13]!);
    mix(3, 4, 9, 14, s[14]!, s[15]!);
  }
  for (let i = 0; i < 8; i++) h[i]! ^= v[i]! ^ v[i + 8]!;
}

/** The digest; arguments are taken to be within BLAKE2b's limits, `key` non-empty or absent. */
export function referenceBlake2b(
  message: Uint8Array,
  size: number,
  key: Uint8Array = new Uint8Array(0),
  salt: Uint8Array = new Uint8Array(16),
  personal: Uint8Array = new Uint8Array(16),
): Uint8Array {
  const parameters = new Uint8Array(64);
  parameters.set([size, key.length, 1, 1]);
  parameters.set(salt, 32);
  parameters.set(personal, 48);
  const view = new DataView(parameters.buffer);
  const h = IV.map((word, i) => word ^ view.getBigUint64(8 * i, true));

  const input = new Uint8Array((key.length > 0 ? 128 : 0) + message.length);
  input.set(key);
  input.set(message, input.length - message.length);
  let at = 0;
  for (; at + 128 < input.length; at += 128)
    compress(h, input.subarray(at, at + 128), BigInt(at + 128), false);
  const block = new Uint8Array(128);
  block.set(input.subarray(at));
  compress(h, block, BigInt(input.length), true);

  const digest = new Uint8Array(64);
  const out = new DataView(digest.buffer);
  for (const [i, word] of h.entries()) out.setBigUint64(8 * i, word, true);
  return digest.slice(0, size);
}
