/** The demo's part about a community: a public room, its moderators, and a first message to somebody known by a blinded id. */
import type { Testnet } from "session-messenger-sdk/testnet";
import { type Person, seen } from "./people.js";
import { bold, dim, line, step } from "./terminal.js";

/** Two people in a room: they post, react and moderate; then one writes to the other in private. */
export async function publicRoom(net: Testnet, host: Person, guest: Person): Promise<void> {
  const link = net.community.link("lobby");
  const room = await step("both join a room of a community server", async () => {
    await guest.client.communities.join(link);
    return host.client.communities.join(link);
  });
  const theirs = guest.client.communities.list()[0];
  if (theirs === undefined) throw new Error("the room is not joined");
  const [hostId, guestId] = [await room.me(), await theirs.me()];
  line(
    dim(
      `    there ${host.name} is ${short(hostId)} and ${guest.name} ${short(guestId)}: nobody sees their Session IDs`,
    ),
  );
  // What was there before is read now.
  await Promise.all([host.client.poll(), guest.client.poll()]);

  const { event: post } = await seen(guest, "message", () =>
    room.send({ text: "Has anybody seen a tabby cat?" }),
  );
  line(`  ${bold(host.name)}  ${post.text} ${dim("(signed, and not encrypted)")}`);
  if (post.source !== "community") throw new Error("that came from elsewhere");
  const { event: reacted } = await seen(host, "room-reactions", () => theirs.react(post, "😿"));
  line(
    `  ${bold(guest.name)}  ${reacted.reactions.map(({ emoji, count }) => `${emoji} × ${count}`).join(" ")}`,
  );

  net.community.setRole(host.client.sessionId, { admin: true }, ["lobby"]);
  await room.refresh();
  await room.pin(post);
  const { event: spam } = await seen(host, "message", () => theirs.send({ text: "BUY CATS CHEAP" }));
  line(`  ${bold(guest.name)}  ${spam.text}`);
  await room.banAndDelete(guestId, { seconds: 60 });
  const left = (await room.recent()).map(({ text }) => text);
  line(
    dim(`    ${host.name}, an admin now, pins the first message, deletes ${guest.name}'s, bans for a minute`),
  );
  line(dim(`    in the room: ${left.map((text) => `"${text}"`).join(", ")}`));
  await room.unban(guestId);

  const { event: whisper } = await seen(guest, "message", () =>
    room.sendDirect(guestId, { text: "Sorry. Was that you?" }),
  );
  const isHost = whisper.from === host.client.sessionId;
  line(
    `  ${bold(host.name)} → ${bold(guest.name)}  ${whisper.text} ${dim("(encrypted, to the blinded id)")}`,
  );
  line(
    dim(
      `    ${guest.name} sees ${isHost ? `that it is ${host.name}` : "somebody"}, and answers through the swarm`,
    ),
  );
  const { event: answer } = await seen(host, "message", () =>
    guest.client.send(whisper.conversation, { text: "My cat sat on the keyboard." }),
  );
  line(`  ${bold(guest.name)} → ${bold(host.name)}  ${answer.text}`);
}

const short = (id: string): string => `${id.slice(0, 6)}…`;
