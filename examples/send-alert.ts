/**
 * One command that sends an alert, end-to-end encrypted, to a phone:
 *
 *     SESSION_PHRASE="thirteen words …" tsx examples/send-alert.ts 05<64 hex> "disk full on db-1"
 *
 * The sender's account comes from the environment. `SESSION_SEEDS` (URLs, separated by commas) names another network
 * than the main one.
 */
import { Client, customNetwork, isSessionError, mainnet, restoreAccount } from "session-messenger-sdk";

const [recipient = "", text = ""] = process.argv.slice(2);
const phrase = process.env["SESSION_PHRASE"] ?? "";
const seeds = process.env["SESSION_SEEDS"]?.split(",");

try {
  const network = seeds === undefined ? mainnet() : customNetwork({ seeds, allowPrivateAddresses: true });
  await using client = await Client.open({ account: restoreAccount(phrase), network, sync: false });
  const sent = await client.send(recipient, { text }, { signal: AbortSignal.timeout(60_000) });
  console.log(JSON.stringify({ hash: sent.hash, timestamp: sent.timestamp }));
} catch (error) {
  if (!isSessionError(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
