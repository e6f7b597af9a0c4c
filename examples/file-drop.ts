/**
 * A bot that keeps every file sent to it in a folder:
 *
 *     tsx examples/file-drop.ts ./bot-account ./received
 *
 * Names come from strangers: they are made harmless, and no file is ever overwritten. `SESSION_SEEDS` (URLs, separated by
 * commas) names another network than the main one.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { type Attachment, Client, customNetwork, isSessionError, mainnet } from "session-messenger-sdk";
import { safeFileName } from "session-messenger-sdk/files";

const [account = "./bot-account", folder = "./received"] = process.argv.slice(2);
const seeds = process.env["SESSION_SEEDS"]?.split(",");
const network = seeds === undefined ? mainnet() : customNetwork({ seeds, allowPrivateAddresses: true });

await mkdir(folder, { recursive: true });
const bot = await Client.open({ network, store: account });
console.log(`listening as ${bot.sessionId}`);

/** Writes to a new file: `photo.jpg`, else `photo (2).jpg`, … */
async function save(fileName: string | undefined, data: Uint8Array): Promise<string> {
  const { name, ext } = parse(safeFileName(fileName));
  for (let copy = 1; ; copy++) {
    const path = join(folder, copy === 1 ? `${name}${ext}` : `${name} (${copy})${ext}`);
    try {
      await writeFile(path, data, { flag: "wx" });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Saves one file; tells in a line what became of it. */
async function keep(attachment: Attachment): Promise<string> {
  try {
    const data = await bot.download(attachment, { signal: AbortSignal.timeout(120_000) });
    return `saved ${await save(attachment.fileName, data)}, ${data.length} bytes`;
  } catch (error) {
    // Expired, damaged, too large: final. Anything else is thrown on, and the message comes again.
    if (isSessionError(error) && error.code.startsWith("FILE_")) return `${error.code}: ${error.message}`;
    throw error;
  }
}

bot.on("message", async ({ outgoing, from, attachments }) => {
  if (outgoing || attachments.length === 0) return;
  const lines: string[] = [];
  for (const attachment of attachments) lines.push(await keep(attachment));
  for (const text of lines) console.log(text);
  await bot.send(from, { text: lines.join("\n") });
});
bot.on("error", (error) => console.error(`${error.code}: ${error.message}`));

const stop = async (): Promise<void> => {
  await bot.close();
  console.log("stopped");
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
