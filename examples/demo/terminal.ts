/** Words on a terminal, or plain lines where there is none. */
const colors = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
const style =
  (code: number) =>
  (text: string): string =>
    colors ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold: (text: string) => string = style(1);
export const dim: (text: string) => string = style(2);
export const green: (text: string) => string = style(32);
export const hasColors: boolean = colors;

export function line(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  line(`\n${bold(text)}`);
}

/** Runs `work` and says how long it took; on a terminal the line shows at once that something is going on. */
export async function step<T>(text: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  if (colors) process.stdout.write(dim(`… ${text}`));
  const result = await work();
  if (colors) process.stdout.write("\r\u001b[K");
  line(`${green("✓")} ${text} ${dim(`(${seconds(performance.now() - started)})`)}`);
  return result;
}

export function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
