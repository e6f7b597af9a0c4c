/**
 * A bot that moderates a room: it welcomes newcomers, deletes messages with words of a list, bans for an hour who goes on
 * with them, and does what the room's moderators tell it.
 *
 *     tsx examples/community-bot.ts ./room-bot "https://chat.example.org/lobby?public_key=<64 hex>" bad words …
 *     tsx examples/community-bot.ts     # offline: a network and a community on this machine, and somebody who swears
 *
 * An admin of the room makes the bot a moderator; it prints the id to use. Moderators write:
 *
 *     /ban <id> <minutes>    /unban <id>    /stats    or, in answer to somebody's message, /ban <minutes> and /unban
 *
 * The folder keeps the account, what is to be sent, and what the bot knows of people: a bot that is killed goes on where it
 * was. `SESSION_SEEDS` (URLs, separated by commas) names another network than the main one.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Client, customNetwork, mainnet, type Room } from "session-messenger-sdk";
import { startTestnet } from "session-messenger-sdk/testnet";
import { Moderator, type Notes, type Rules } from "./community-bot/moderator.js";

/** Joins the room and moderates it until the client is closed. */
export async function moderate(client: Client, link: string, rules: Rules, notes: Notes): Promise<Room> {
  const room = await client.communities.join(link);
  await room.refresh();
  const moderator = await Moderator.open(room, rules, notes);
  // Awaited: a message whose handling failed, or that came just before a crash, comes again.
  client.on("message", async (message) => {
    if (message.source === "community" && message.conversation === room.conversation)
      await moderator.read(message);
  });
  client.on("room-edit", async (message) => {
    if (message.conversation === room.conversation && !message.outgoing) await moderator.check(message);
  });
  return room;
}

/** Notes in a file, always whole. */
function notesIn(path: string): Notes {
  return {
    load: () => readFile(path, "utf8").catch(() => undefined),
    async save(text) {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    },
  };
}

async function main([folder = "./room-bot", link = "", ...words]: readonly string[]): Promise<void> {
  const seeds = process.env["SESSION_SEEDS"]?.split(",");
  const network = seeds === undefined ? mainnet() : customNetwork({ seeds, allowPrivateAddresses: true });
  await mkdir(folder, { recursive: true });
  const client = await Client.open({ network, store: join(folder, "account") });
  client.on("error", (error) => console.error(`${error.code}: ${error.message}`));
  const rules = { words, offences: 3, banSeconds: 3_600 };
  const room = await moderate(client, link, rules, notesIn(join(folder, "notes.json")));
  const role = room.info?.moderator === true ? "moderator" : "no moderator yet: make me one";
  console.log(`in ${room.name} as ${await room.me()}, ${role}`);
  const stop = async (): Promise<void> => {
    await client.close();
    console.log("stopped");
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

/** A room on this machine, the bot, and somebody who does not behave. */
async function rehearse(): Promise<void> {
  await using net = await startTestnet();
  await using bot = await Client.open({ network: net.network, polling: false });
  await using guest = await Client.open({ network: net.network, polling: false });
  net.community.setRole(bot.sessionId, { moderator: true });
  const notes = { load: async () => undefined, save: async () => {} };
  const link = net.community.link("lobby");
  await moderate(bot, link, { words: ["darn"], offences: 2, banSeconds: 3_600 }, notes);
  await bot.poll();
  const room = await guest.communities.join(link);
  guest.on("message", ({ text }) => console.log(`bot    ${text}`));
  for (const text of ["Hello!", "This darn weather", "Darn, darn, darn", "Sorry?"]) {
    console.log(`guest  ${text}`);
    await room.send({ text }).catch(({ code }) => console.log(`       (${code})`));
    await bot.poll();
    await guest.poll();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await (process.argv.length > 2 ? main(process.argv.slice(2)) : rehearse());
}
