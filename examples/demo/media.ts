/** A picture and a recording, made of nothing: what a camera and a microphone would give. */
import { crc32, deflateSync } from "node:zlib";
import { hasColors } from "./terminal.js";

type Color = readonly [red: number, green: number, blue: number];

/** A picture, top row first. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rows: ReadonlyArray<readonly Color[]>;
}

/** The sun over the sea, at dusk. */
export function sunset(): Picture {
  const [width, height, horizon] = [56, 28, 18];
  const mix = (from: Color, to: Color, share: number): Color => [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
  const pixel = (x: number, y: number): Color => {
    const fromSun = Math.hypot(x - width / 2, y - horizon + 3);
    if (y < horizon && fromSun < 6) return [255, 244, 200];
    const sky = mix([38, 22, 84], [255, 138, 76], Math.min(1, y / horizon));
    if (y < horizon) return mix([255, 224, 150], sky, Math.min(1, fromSun / 22));
    const glints = Math.abs(x - width / 2) < 7 - (y - horizon) / 2 && (x * 7 + y * 3) % 5 < 3;
    return glints ? [255, 190, 120] : mix([96, 48, 92], [16, 12, 48], (y - horizon) / (height - horizon));
  };
  const rows = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => pixel(x, y)));
  return { width, height, rows };
}

/** The picture as a PNG file: 8 bits each of red, green and blue, no filter. */
export function encodePng({ width, height, rows }: Picture): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const pixels = Buffer.from(rows.flatMap((row) => [0, ...row.flatMap((color) => color.map(Math.round))]));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([signature, ...chunks]));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The picture in characters, two pixels each; nothing where there are no colours. */
export function drawn({ rows }: Picture): string {
  if (!hasColors) return "";
  const code = (layer: 38 | 48, color: Color): string =>
    `\u001b[${layer};2;${color.map(Math.round).join(";")}m`;
  const lines = rows.flatMap((upper, y) => {
    const lower = rows[y + 1];
    if (y % 2 === 1 || lower === undefined) return [];
    const cells = upper.map((color, x) => `${code(38, color)}${code(48, lower[x] ?? color)}▀`);
    return [`    ${cells.join("")}\u001b[0m`];
  });
  return lines.join("\n");
}

/** A chime of three notes as a WAV file: one channel, 16 bits, 16 kHz. */
export function chime(): Uint8Array {
  const rate = 16_000;
  const notes = [523.25, 659.25, 783.99];
  const samples = Buffer.alloc(2 * rate * 2);
  for (let at = 0; at < samples.length / 2; at++) {
    const seconds = at / rate;
    const level = notes.reduce((sum, hertz, index) => {
      const since = seconds - index * 0.3;
      return since < 0 ? sum : sum + Math.sin(2 * Math.PI * hertz * since) * Math.exp(-3 * since);
    }, 0);
    samples.writeInt16LE(Math.round(9_000 * level), 2 * at);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(2 * rate, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return new Uint8Array(Buffer.concat([header, samples]));
}
