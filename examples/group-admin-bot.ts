/**
 * A bot that runs a group: it makes one on its first start, and does what the group's admins tell it.
 *
 *     tsx examples/group-admin-bot.ts ./group-bot 05<64 hex: your own id> "Hikers"
 *     tsx examples/group-admin-bot.ts     # offline: a network on this machine, and somebody who uses the bot
 *
 * You are invited as an admin. In the group, admins write:
 *
 *     /members  /invite <id>  /remove <id>  /promote <id>  /rename <name>  /timer <seconds, 0: off>
 *
 * The folder keeps the account, the group, what is still to be sent, and who was greeted: a bot that is killed goes on where
 * it was. `SESSION_SEEDS` (URLs, separated by commas) names another network than the main one.
 */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Client, customNetwork, type Group, isSessionError, mainnet } from "session-messenger-sdk";
import { shortId } from "session-messenger-sdk/identity";
import { startTestnet } from "session-messenger-sdk/testnet";

const RETRY_MS = 600_000;

/** The bot's group: the one in its store, or a new one. Whoever runs the bot becomes an admin of it. */
export async function groupOf(client: Client, owner: string, name: string): Promise<Group> {
  const group = client.groups.list()[0] ?? (await client.groups.create({ name }));
  // Also when the last run ended between the two.
  if (!group.members.some(({ sessionId }) => sessionId === owner))
    await group.invite([owner], { asAdmin: true });
  return group;
}

type Command = (group: Group, argument: string) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = {
  async members({ members }) {
    return members
      .map(({ name, sessionId, status }) => `${name || shortId(sessionId)}: ${status}`)
      .join("\n");
  },
  async invite(group, id) {
    const { failed } = await group.invite([id], { history: true });
    return failed.length === 0 ? "invited" : "not reached yet, I keep trying";
  },
  async remove(group, id) {
    await group.remove(id);
    return "removed";
  },
  async promote(group, id) {
    await group.promote(id);
    return "an admin from now on";
  },
  async rename(group, name) {
    await group.rename(name);
    return `this is "${group.name}" now`;
  },
  async timer(group, seconds) {
    await group.setDisappearing(Number(seconds));
    return Number(seconds) === 0 ? "messages stay" : `messages disappear after ${seconds} s`;
  },
};

/** What the bot says to a text; nothing to what is no command. */
export async function answer(group: Group, from: string, text: string): Promise<string | undefined> {
  const [, name = "", argument = ""] = /^\/(\w+)\s*(.*)$/.exec(text.trim()) ?? [];
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return undefined;
  if (!group.members.some(({ sessionId, isAdmin }) => sessionId === from && isAdmin))
    return "only for admins";
  try {
    return await command(group, argument);
  } catch (error) {
    // The client goes on with what could not be pushed; anything else was refused, and has changed nothing.
    if (isSessionError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** Welcomes members who have accepted since the last time. Ids are noted after the greeting: it may come twice, not never. */
export async function greet(group: Group, path: string): Promise<void> {
  const file = await readFile(path, "utf8").catch(() => "[]");
  const greeted = new Set(JSON.parse(file) as string[]);
  const isHere = new Set(["invite-accepted", "promotion-accepted"]);
  const members = group.members.filter(({ status }) => isHere.has(status));
  const fresh = members.filter(({ sessionId, isSelf }) => !isSelf && !greeted.has(sessionId));
  if (fresh.length === 0) return;
  const names = fresh.map(({ name, sessionId }) => name || shortId(sessionId));
  await group.send({ text: `Welcome, ${names.join(", ")}!` });
  await writeFile(`${path}.new`, JSON.stringify(members.map(({ sessionId }) => sessionId)));
  await rename(`${path}.new`, path);
}

/** Invites and promotes again those who could not be reached. */
export async function retry(group: Group): Promise<void> {
  for (const { sessionId, status } of group.members) {
    if (status === "invite-failed" || status === "promotion-failed") await group.resendInvitation(sessionId);
  }
}

/** Runs the bot until the client is closed. */
export async function runGroupBot(
  client: Client,
  { owner, name, greeted }: { readonly owner: string; readonly name: string; readonly greeted: string },
): Promise<Group> {
  const group = await groupOf(client, owner, name);
  // Awaited: a message whose answer could not be sent comes again, after a restart too.
  client.on("message", async (message) => {
    if (message.conversation !== group.id || message.outgoing) return;
    const text = await answer(group, message.from, message.text);
    if (text !== undefined) await group.send({ text, quote: message });
  });
  // One after the other: two greetings at once would both find the same newcomers.
  let greeting = greet(group, greeted);
  client.on("group", ({ id, change }) => {
    if (id !== group.id || change !== "members") return;
    greeting = greeting.catch(() => {}).then(() => greet(group, greeted));
    return greeting;
  });
  await greeting;
  return group;
}

/** Somebody who uses the bot, on a network of their own. They poll when they are told to, so that it is over soon. */
async function offline(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "group-bot-"));
  await using net = await startTestnet();
  await using owner = await Client.open({ network: net.network, polling: false });
  await using bot = await Client.open({ network: net.network, polling: false });
  const setup = { owner: owner.sessionId, name: "Hikers", greeted: join(folder, "greeted.json") };
  const { id } = await runGroupBot(bot, setup);
  owner.on("message", ({ text }) => console.log(text));
  await bot.sync();
  await owner.poll();
  await owner.groups.accept(id);
  await owner.sync();
  for (const text of ["/members", "/rename Early hikers", "/timer 86400", "/invite 05abc"]) {
    await owner.send(id, { text });
    await bot.sync();
    console.log(`> ${text}`);
    await owner.sync();
  }
  await rm(folder, { recursive: true });
}

async function main([folder, owner = "", name = "A group"]: readonly string[]): Promise<void> {
  if (folder === undefined) return offline();
  const seeds = process.env["SESSION_SEEDS"]?.split(",");
  const network = seeds === undefined ? mainnet() : customNetwork({ seeds, allowPrivateAddresses: true });
  await mkdir(folder, { recursive: true });
  const client = await Client.open({ network, store: join(folder, "account") });
  const report = (error: Error): void => console.error(error.message);
  client.on("error", report);
  const group = await runGroupBot(client, { owner, name, greeted: join(folder, "greeted.json") });
  console.log(`${group.name} is ${group.id}, and I am ${client.sessionId}`);

  const retrying = setInterval(() => void retry(group).catch(report), RETRY_MS);
  const stop = async (): Promise<void> => {
    clearInterval(retrying);
    await client.close();
    console.log("stopped");
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
