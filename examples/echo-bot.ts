/**
 * A bot that answers every text with the same text, for weeks:
 *
 *     tsx examples/echo-bot.ts ./bot-account
 *
 * The folder keeps the account, the cursors and the messages on their way, so a bot that is killed goes on where it was.
 * `SESSION_SEEDS` (URLs, separated by commas) names another network than the main one.
 */
import { Client, customNetwork, mainnet } from "session-messenger-sdk";

const seeds = process.env["SESSION_SEEDS"]?.split(",");
const network = seeds === undefined ? mainnet() : customNetwork({ seeds, allowPrivateAddresses: true });

const bot = await Client.open({ network, store: process.argv[2] ?? "./bot-account" });
console.log(`listening as ${bot.sessionId}`);

// The handler is awaited. If it throws, or the process dies in it, the message comes again.
bot.on("message", async (message) => {
  // Not to itself on other devices, nor in groups and rooms that the account is in.
  if (message.outgoing || message.source !== "direct") return;
  await bot.send(message.from, { text: `you said: ${message.text}` });
});
bot.on("error", (error) => console.error(`${error.code}: ${error.message}`));

const stop = async (): Promise<void> => {
  await bot.close();
  console.log("stopped");
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
