/**
 * Two devices of one account, on a network of its own: the second one has only the recovery phrase.
 *
 *     tsx examples/two-devices.ts
 */
import { Client, createAccount, restoreAccount } from "session-messenger-sdk";
import { startTestnet } from "session-messenger-sdk/testnet";

await using net = await startTestnet();
const { network } = net;
const bob = createAccount().sessionId;

await using phone = await Client.open({ network, polling: false });
await phone.profile.set({ name: "Alice" });
await phone.contacts.add(bob, { nickname: "Bobby" });
await phone.conversations.pin(bob);
await phone.sync();

await using laptop = await Client.open({
  network,
  account: restoreAccount(phone.account.recoveryPhrase),
  polling: false,
});
await laptop.sync();
console.log(`laptop: I am ${laptop.profile.name}, and know ${laptop.contacts.get(bob)?.nickname}`);

// Both change something before either hears of the other.
await phone.contacts.block(bob);
await laptop.contacts.setNickname(bob, "Robert");
await phone.sync();
await laptop.sync();
await phone.sync();
for (const [name, device] of Object.entries({ phone, laptop })) {
  const { nickname, blocked } = device.contacts.get(bob) ?? {};
  console.log(`${name}: ${nickname} is ${blocked ? "blocked" : "not blocked"}`);
}
