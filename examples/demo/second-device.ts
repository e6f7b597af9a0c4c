/** The demo's part about an account on two devices. */
import { Client, type NetworkConfig, restoreAccount } from "session-messenger-sdk";
import { bold, dim, line, step } from "./terminal.js";

/** Opens a second device of `first`'s account from the recovery phrase alone, and shows what it knows then. */
export async function catchUp(network: NetworkConfig, first: Client, friend: string): Promise<void> {
  await first.profile.set({ name: "Alice" });
  await first.contacts.setNickname(friend, "Bobby");
  await first.conversations.pin(friend);
  await first.sync();

  const account = restoreAccount(first.account.recoveryPhrase);
  await using second = await Client.open({ network, account, polling: false });
  await step("a second device, with nothing but the recovery phrase, reads the swarm", () => second.sync());
  const { nickname, approved } = second.contacts.get(friend) ?? {};
  line(`  it is ${bold(second.profile.name ?? "nobody")}, and knows ${bold(nickname ?? "nobody")}`);
  line(
    dim(
      `    ${approved ? "an approved contact" : "a contact"}, ${(second.conversations.get(friend)?.priority ?? 0) > 0 ? "pinned" : "not pinned"}`,
    ),
  );
}
