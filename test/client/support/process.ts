import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "./wait.js";

/** A child compiles all of its sources first. */
const START_MS = 50_000;

const script = fileURLToPath(new URL("./child.ts", import.meta.url));

/** A child that runs `child.ts`. */
export class ClientProcess {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #errors = "";

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface({ input: stdout }).on("line", (line) => this.lines.push(line));
    stderr?.on("data", (data: Buffer) => {
      this.#errors += String(data);
    });
    this.#exited = new Promise((resolve) => this.#child.on("exit", () => resolve()));
  }

  /** Resolves with the rest of the first line that starts with `word`. */
  async line(word: string): Promise<string> {
    const find = (): string | undefined =>
      this.lines.find((line) => line === word || line.startsWith(`${word} `));
    await until(() => find() !== undefined || this.#child.exitCode !== null, START_MS);
    const line = find();
    if (line === undefined) throw new Error(`the child ended without "${word}": ${this.#errors}`);
    return line.slice(word.length + 1);
  }

  /** Kills it at once, without a chance to finish anything. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
