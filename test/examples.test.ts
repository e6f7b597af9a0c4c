import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "session-messenger-sdk";
import { startTestnet } from "session-messenger-sdk/testnet";
import { describe, expect, it, onTestFinished } from "vitest";

// The examples run as a reader runs them: in a process of their own, on the built package.
const root = fileURLToPath(new URL("..", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  /** Resolves when the output matches, or the example ended. */
  readonly says: (pattern: RegExp) => Promise<void>;
}

function run(example: string, args: readonly string[] = [], env: Record<string, string> = {}): Run {
  // Not through the command `tsx`: that starts a process of its own, which a signal to kill does not reach.
  const child = spawn(process.execPath, ["--import", "tsx", `examples/${example}`, ...args], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.run.json", ...env },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let output = "";
  const waiting: Array<{ pattern: RegExp; resolve: () => void }> = [];
  const take = (chunk: Buffer): void => {
    output += chunk.toString("utf8");
    for (const { pattern, resolve } of waiting) if (pattern.test(output)) resolve();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      resolve(code);
      for (const waiter of waiting) waiter.resolve();
    });
  });
  return {
    child,
    output: () => output,
    ended,
    says: (pattern) =>
      pattern.test(output) ? Promise.resolve() : new Promise((resolve) => waiting.push({ pattern, resolve })),
  };
}

describe("examples", () => {
  it("file-drop.ts keeps what is sent to it under harmless names, and overwrites nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "file-drop-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await using net = await startTestnet({ nodes: 12 });
    await using user = await Client.open({ network: net.network });
    const answers = user.messages();
    const received = join(folder, "received");
    const bot = run("file-drop.ts", [join(folder, "account"), received], { SESSION_SEEDS: net.seedUrl });
    await bot.says(/listening as 05[0-9a-f]{64}/);
    const id = /listening as (05[0-9a-f]{64})/.exec(bot.output())?.[1] ?? "";
    const files = ["one", "two"].map((text) => ({ data: Buffer.from(text), fileName: "../../notes.txt" }));
    await user.send(id, { text: "two files", attachments: files });
    const answer = await answers.next();
    expect(answer.value?.text).toMatch(/saved .*, 3 bytes\nsaved .*\(2\)\.txt, 3 bytes/);
    const kept = readdirSync(received).sort();
    expect(kept).toHaveLength(2);
    expect(kept.map((name) => readFileSync(join(received, name), "utf8")).sort()).toEqual(["one", "two"]);
    bot.child.kill("SIGTERM");
    expect(await bot.ended, bot.output()).toBe(0);
  });

  it("community-bot.ts rehearses on this machine", async () => {
    const rehearsal = run("community-bot.ts");
    expect(await rehearsal.ended, rehearsal.output()).toBe(0);
    const lines = rehearsal
      .output()
      .replace(/15[0-9a-f]{64}/, "15…")
      .trim()
      .split("\n");
    expect(lines).toEqual([
      "guest  Hello!",
      "bot    Welcome, @15…! Be kind to each other.",
      "guest  This darn weather",
      "bot    That is no word for this room: I deleted your message.",
      "guest  Darn, darn, darn",
      "guest  Sorry?",
      "       (COMMUNITY_FORBIDDEN)",
    ]);
  });

  it("storage-rpc.ts stores a message and reads it back", async () => {
    const example = run("storage-rpc.ts");
    expect(await example.ended, example.output()).toBe(0);
    expect(example.output()).toMatch(/^stored as [A-Za-z0-9+/]{43}$/m);
    expect(example.output()).toContain("read: by hand");
  });

  it("send-alert.ts delivers its text, and says what is wrong with bad input", async () => {
    await using net = await startTestnet({ nodes: 12 });
    await using phone = await Client.open({ network: net.network, polling: false });
    await using sender = await Client.open({ network: net.network, polling: false });
    const env = { SESSION_PHRASE: sender.account.recoveryPhrase, SESSION_SEEDS: net.seedUrl };

    const texts: string[] = [];
    phone.on("message", ({ from, text }) => {
      texts.push(`${from} ${text}`);
    });
    const example = run("send-alert.ts", [phone.sessionId, "disk full on db-1"], env);
    expect(await example.ended, example.output()).toBe(0);
    await phone.poll();
    expect(texts).toEqual([`${sender.sessionId} disk full on db-1`]);

    const refused = run("send-alert.ts", ["05not-an-id", "text"], env);
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain("ID_INVALID");
    const badPhrase = run("send-alert.ts", [phone.sessionId, "text"], { ...env, SESSION_PHRASE: "abbey" });
    expect(await badPhrase.ended).toBe(1);
    expect(badPhrase.output()).toContain("PHRASE_TOO_FEW_WORDS");
  });

  it("two-devices.ts shows the same on both devices", async () => {
    const example = run("two-devices.ts");
    expect(await example.ended, example.output()).toBe(0);
    expect(example.output()).toBe(
      [
        "laptop: I am Alice, and know Bobby",
        "phone: Robert is blocked",
        "laptop: Robert is blocked",
        "",
      ].join("\n"),
    );
  });

  it("echo-bot.ts answers, keeps its account over a restart, and stops on SIGTERM", async () => {
    const folder = mkdtempSync(join(tmpdir(), "echo-bot-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await using net = await startTestnet({ nodes: 12 });
    await using user = await Client.open({ network: net.network });
    const answers = user.messages();

    let id = "";
    for (const text of ["hello", "again"]) {
      const bot = run("echo-bot.ts", [folder], { SESSION_SEEDS: net.seedUrl });
      await bot.says(/listening as 05[0-9a-f]{64}/);
      const found = /listening as (05[0-9a-f]{64})/.exec(bot.output())?.[1] ?? "";
      if (id !== "") expect(found).toBe(id);
      id = found;
      await user.send(id, { text });
      const answer = await answers.next();
      expect(answer.value).toMatchObject({ from: id, text: `you said: ${text}` });
      bot.child.kill("SIGTERM");
      expect(await bot.ended, bot.output()).toBe(0);
      expect(bot.output()).toContain("stopped");
    }
  });

  it("group-admin-bot.ts runs its group, also after it was killed", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "group-admin-bot-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await using net = await startTestnet({ nodes: 12 });
    await using owner = await Client.open({ network: net.network });
    const start = async (): Promise<{ bot: Run; id: string }> => {
      const env = { SESSION_SEEDS: net.seedUrl };
      const bot = run("group-admin-bot.ts", [folder, owner.sessionId, "Hikers"], env);
      await bot.says(/ is 03[0-9a-f]{64}/);
      const id = / is (03[0-9a-f]{64})/.exec(bot.output())?.[1];
      expect(id, bot.output()).toBeDefined();
      return { bot, id: id ?? "" };
    };

    const first = await start();
    await owner.poll();
    const group = await owner.groups.accept(first.id);
    await owner.sync();
    const messages = group.messages();
    const answerTo = async (command: string): Promise<string> => {
      await group.send({ text: command });
      for (;;) {
        const { value, done } = await messages.next();
        if (done === true) return "the client was closed";
        // Greetings answer nobody.
        if (value.quote !== undefined) return value.text;
      }
    };
    expect(await answerTo("/rename Early hikers")).toBe('this is "Early hikers" now');

    first.bot.child.kill("SIGKILL");
    await first.bot.ended;
    await group.send({ text: "is anybody there?" });
    const second = await start();
    expect(second.id).toBe(first.id);
    expect(second.bot.output()).toContain("Early hikers is");
    expect(await answerTo("/rename Late hikers")).toBe('this is "Late hikers" now');
    second.bot.child.kill("SIGTERM");
    expect(await second.bot.ended, second.bot.output()).toBe(0);
  });
});
