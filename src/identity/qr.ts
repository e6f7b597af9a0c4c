/**
 * QR codes as SVG or terminal text, for the contents that `encodeQrPayload` and its siblings make
 * (docs/protocol/identity.md §7). A door of its own, so that whoever shows no code carries no encoder.
 *
 * Error correction is level M, as for any code shown on a screen.
 *
 * @module
 */
import { encodeQR } from "qr";
import { SessionError } from "../errors/index.js";
import type { IdentityErrorCode } from "./errors.js";

/** Light modules around the code: what the standard asks for, and what terminals have room for. */
const SVG_BORDER = 4;
const TERMINAL_BORDER = 2;

/** How {@link qrTerminal} draws. */
export interface QrTerminalOptions {
  /**
   * True: set black and white by ANSI codes, right on any background. False (default): plain block characters, which
   * come out right as light text on a dark background; most scanners read the inverse as well.
   */
  readonly color?: boolean | undefined;
}

/** An SVG document, one unit a module, black on white; scale it by its container. @throws `QR_TOO_LONG` */
export function qrSvg(text: string): string {
  const modules = draw(() => encodeQR(text, "raw", { border: SVG_BORDER }), text);
  const size = modules.length;
  let path = "";
  for (const [y, row] of modules.entries()) {
    for (const { start, length } of darkRuns(row)) path += `M${start} ${y}h${length}v1h-${length}z`;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`
  );
}

/** Lines of block characters, two rows of modules a line, without a final line break. @throws `QR_TOO_LONG` */
export function qrTerminal(text: string, { color = false }: QrTerminalOptions = {}): string {
  const lines = draw(() => encodeQR(text, "ascii", { border: TERMINAL_BORDER }), text)
    .trimEnd()
    .split("\n");
  // Bright white on black, each line closed so that scrolling does not smear the colour.
  return color ? lines.map((line) => `\u001b[97;40m${line}\u001b[0m`).join("\n") : lines.join("\n");
}

function* darkRuns(row: readonly boolean[]): Generator<{ start: number; length: number }> {
  let start = -1;
  // One past the end, which is light, closes the last run.
  for (let x = 0; x <= row.length; x++) {
    const isDark = row[x] === true;
    if (isDark && start < 0) start = x;
    if (!isDark && start >= 0) {
      yield { start, length: x - start };
      start = -1;
    }
  }
}

function draw<Drawing>(encode: () => Drawing, text: string): Drawing {
  try {
    return encode();
  } catch (cause) {
    throw new SessionError<IdentityErrorCode>("QR_TOO_LONG", "the text does not fit into a QR code", {
      cause,
      details: { length: text?.length },
    });
  }
}
