import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Moderator, type Notes, unwanted } from "../../examples/community-bot/moderator.js";
import { moderate } from "../../examples/community-bot.js";
import { type Person, World } from "../client/communities/support.js";

const RULES = { words: ["darn", "Mist"], offences: 2, banSeconds: 600 };
const MINUTE = 60_000;

let world: World;
let bot: Person;
let guest: Person;
let boss: Person;
let notes: Notes & { text?: string | undefined };

const newNotes = (): typeof notes => ({
  text: undefined,
  async load() {
    return this.text;
  },
  async save(text) {
    this.text = text;
  },
});

const link = (): string => world.server.link("lobby");
const texts = (person: Person): string[] => person.told.message.map(({ text }) => text);

/** Says something in the room, lets the bot read it, and gives what the speaker hears then. */
async function say(
  person: Person,
  text: string,
  quote?: { author: string; timestamp: number },
): Promise<string[]> {
  const room = await person.client.communities.join(link());
  await room.send({ text, ...(quote === undefined ? {} : { quote: quote as never }) });
  await bot.poll();
  return person.poll();
}

/** Ids by which the server knows people. */
const idOf = async (person: Person): Promise<string> => (await person.client.communities.join(link())).me();

beforeEach(async () => {
  world = await World.open();
  [bot, guest, boss] = [await world.person(1), await world.person(2), await world.person(3)];
  world.server.setRole(bot.client.sessionId, { moderator: true }, ["lobby"]);
  world.server.setRole(boss.client.sessionId, { admin: true }, ["lobby"]);
  notes = newNotes();
  await moderate(bot.client, link(), RULES, notes);
  await bot.poll();
  for (const person of [guest, boss]) {
    await person.client.communities.join(link());
    await person.poll();
  }
});
afterEach(async () => {
  expect([...bot.told.error, ...bot.told.dropped]).toEqual([]);
  await world[Symbol.asyncDispose]();
});

describe("unwanted words", () => {
  test.each([
    ["This DARN weather", ["darn"]],
    ["ｄａｒｎ!", ["darn"]],
    ["mist, darn", ["darn", "Mist"]],
    ["darning socks in the chemist's", []],
    ["", []],
  ])("in %j are %j", (text, found) => {
    expect(unwanted(text, RULES.words)).toEqual(found);
  });
});

describe("the community bot", () => {
  test("welcomes newcomers once, and nobody who was there before", async () => {
    expect(await say(guest, "Hello!")).toEqual([`Welcome, @${await idOf(guest)}! Be kind to each other.`]);
    expect(await say(guest, "Hello again!")).toEqual([]);
    expect(await say(boss, "Good evening")).toEqual(expect.arrayContaining(["Hello!"]));
    expect(await say(guest, "Good evening to you")).toEqual(["Good evening"]);
    const late = await world.person(4);
    world.server.setRole(late.client.sessionId, { moderator: true }, ["lobby"]);
    await moderate(late.client, link(), RULES, newNotes());
    await late.poll();
    await bot.poll();
    expect((await guest.poll()).filter((text) => text.startsWith("Welcome"))).toEqual([]);
  });

  test("deletes messages with unwanted words, edited ones too, and tells the author alone", async () => {
    const room = await guest.client.communities.join(link());
    const read = await boss.client.communities.join(link());
    await say(guest, "Hello!");
    const before = texts(boss).length;
    expect(await say(guest, "This darn weather")).toEqual([expect.stringMatching(/^That is no word/)]);
    expect(texts(boss).slice(before)).toEqual([]);
    await boss.poll();
    expect(texts(boss)).not.toContain("This darn weather");
    expect((await read.recent()).map(({ text }) => text)).not.toContain("This darn weather");
    const { id } = await room.send({ text: "Nice weather" });
    await bot.poll();
    await room.edit({ id }, { text: "Nice mist" });
    await bot.poll();
    expect((await read.recent()).map(({ text }) => text)).not.toContain("Nice mist");
  });

  test("bans for a while who goes on", async () => {
    const room = await guest.client.communities.join(link());
    await say(guest, "darn");
    await say(guest, "darn");
    await expect(room.send({ text: "Sorry" })).rejects.toMatchObject({ code: "COMMUNITY_FORBIDDEN" });
    world.net.time += 601_000;
    await room.send({ text: "Sorry" });
    await bot.poll();
    await boss.poll();
    expect(texts(boss)).toContain("Sorry");
    // It begins anew: the next one is the first again.
    expect(await say(guest, "darn")).toEqual(
      expect.arrayContaining([expect.stringMatching(/^That is no word/)]),
    );
    await room.send({ text: "I will not say it again" });
  });

  test("does not touch what moderators write, and does what they tell", async () => {
    await say(guest, "Hello!");
    await boss.poll();
    const hello = boss.told.message.find(({ text }) => text === "Hello!");
    expect(await say(boss, "darn")).toEqual([]);
    const room = await guest.client.communities.join(link());
    const target = { author: String(hello?.from), timestamp: hello?.timestamp ?? 0 };
    expect(await say(boss, "/ban 5", target)).toEqual(["done"]);
    await expect(room.send({ text: "Why?" })).rejects.toMatchObject({ code: "COMMUNITY_FORBIDDEN" });
    expect(await say(boss, `/unban ${await idOf(guest)}`)).toEqual(["done"]);
    await room.send({ text: "Thanks" });
    expect(await say(boss, `/ban ${await idOf(guest)} 1`)).toContain("done");
    world.net.time += MINUTE + 1000;
    await room.send({ text: "Back" });
    // The guest: Hello, Thanks, Back. The boss: darn, four commands.
    expect(await say(boss, "/stats")).toContain(
      `7 messages, 2 people, 2 bans\n@${await idOf(boss)} 4\n@${await idOf(guest)} 3`,
    );
  });

  test("says what it cannot do, and obeys no one else", async () => {
    expect(await say(boss, "/ban")).toEqual([expect.stringMatching(/^I cannot: /)]);
    expect(await say(boss, `/ban ${await idOf(boss)} 5`)).toEqual([expect.stringMatching(/^I cannot: /)]);
    expect(await say(boss, `/ban ${await idOf(guest)} soon`)).toEqual([expect.stringMatching(/^I cannot: /)]);
    expect(await say(boss, "/dance")).toEqual([]);
    expect((await say(guest, "/stats")).at(-1)).toMatch(/^Welcome/);
    expect(await say(guest, `/ban ${await idOf(boss)} 5`)).toEqual([]);
  });

  test("goes on where it was after a restart, and counts nothing twice", async () => {
    await say(guest, "Hello!");
    await say(guest, "darn");
    const room = bot.client.communities.list()[0];
    if (room === undefined) throw new Error("the bot is in no room");
    const again = await Moderator.open(room, RULES, notes);
    const stats = `2 messages, 1 people, 0 bans\n@${await idOf(guest)} 2`;
    expect(again.stats()).toBe(stats);
    // The last message once more, as after a crash.
    const [last] = bot.told.message.filter(({ text }) => text === "darn");
    if (last?.source !== "community") throw new Error("no message of a room");
    await again.read(last);
    expect(again.stats()).toBe(stats);
  });
});
