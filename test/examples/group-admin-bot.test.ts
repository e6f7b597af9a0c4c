import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Group } from "session-messenger-sdk/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { greet, retry, runGroupBot } from "../../examples/group-admin-bot.js";
import { Device, person } from "../client/support/device.js";
import { GroupNetwork } from "../client/support/group-network.js";
import { until } from "../client/support/wait.js";

let net: GroupNetwork;
let folder: string;
let bot: Device;
let owner: Device;
let guest: Device;
let group: Group;

const notes = (): string => join(folder, "greeted.json");
const start = (): Promise<Group> =>
  runGroupBot(bot.client, { owner: owner.id, name: "Hikers", greeted: notes() });
const isGreeted = ({ id }: Device): boolean =>
  existsSync(notes()) && (JSON.parse(readFileSync(notes(), "utf8")) as string[]).includes(id);
const status = ({ id }: Device): string | undefined =>
  group.members.find(({ sessionId }) => sessionId === id)?.status;

/** Reads until nothing more follows from anything. */
async function rest(...devices: readonly Device[]): Promise<void> {
  for (let round = 0; round < 3; round++) for (const device of devices) await device.sync();
}

/** Writes to the group, lets the bot read it, and gives what is heard since. */
async function say(from: Device, text: string): Promise<string[]> {
  from.told.message.length = 0;
  await from.client.send(group.id, { text });
  await rest(bot, from);
  return from.told.message.map((message) => message.text);
}

async function enter(device: Device): Promise<void> {
  await device.sync();
  await device.client.groups.accept(group.id);
  await rest(device, bot);
  await until(() => isGreeted(device));
  await rest(...[owner, guest].filter(({ client }) => client.groups.get(group.id) !== undefined));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "group-admin-bot-"));
  net = new GroupNetwork();
  [bot, owner, guest] = [
    await Device.open(net, person(0)),
    await Device.open(net, person(1)),
    await Device.open(net, person(2)),
  ];
  group = await start();
  await enter(owner);
});
afterEach(async () => {
  await Promise.all([bot, owner, guest].map((device) => device.close()));
  rmSync(folder, { recursive: true, force: true });
});

describe("the group bot", () => {
  test("makes a group, and whoever runs it an admin", () => {
    expect(group.name).toBe("Hikers");
    expect(status(owner)).toBe("promotion-accepted");
    expect(owner.client.groups.get(group.id)?.isAdmin).toBe(true);
  });

  test("does what admins say", async () => {
    expect(await say(owner, "/timer 3600")).toEqual(["messages disappear after 3600 s"]);
    expect(owner.client.groups.get(group.id)?.disappearsAfter).toBe(3600);
    expect(await say(owner, "/rename Early hikers")).toEqual(['this is "Early hikers" now']);
    expect(await say(owner, `/invite ${guest.id}`)).toEqual(["invited"]);
    await enter(guest);
    expect((await say(owner, "/members"))[0]?.split("\n").sort()).toEqual(
      [bot, owner, guest]
        .map(({ id }) => `(${id.slice(0, 4)}...${id.slice(-4)}): ${status({ id } as Device)}`)
        .sort(),
    );
    expect(await say(owner, `/promote ${guest.id}`)).toEqual(["an admin from now on"]);
    await rest(guest);
    expect(guest.client.groups.get(group.id)?.isAdmin).toBe(true);
  });

  test("removes, and says why it cannot", async () => {
    await say(owner, `/invite ${guest.id}`);
    await enter(guest);
    expect(await say(owner, `/remove ${guest.id}`)).toEqual(["removed"]);
    await guest.sync();
    expect(guest.told.group.map(({ change }) => change)).toContain("kicked");
    expect((await say(owner, `/remove ${guest.id}`))[0]).toMatch(/^GROUP_NOT_MEMBER: /);
    expect((await say(owner, "/invite 05abc"))[0]).toMatch(/^ID_INVALID: /);
    expect((await say(owner, "/timer soon"))[0]).toMatch(/^INVALID_ARGUMENT: /);
    expect(await say(owner, "/toString")).toEqual([]);
    expect(await say(owner, "good morning")).toEqual([]);
  });

  test("does nothing for others", async () => {
    await say(owner, `/invite ${guest.id}`);
    await enter(guest);
    expect(await say(guest, "/rename Mine")).toEqual(["only for admins"]);
    expect(group.name).toBe("Hikers");
  });

  test("greets everybody once, over restarts", async () => {
    const greetings = (): string[] => owner.told.message.map(({ text }) => text);
    expect(greetings()).toEqual([`Welcome, (${owner.id.slice(0, 4)}...${owner.id.slice(-4)})!`]);
    await bot.crash();
    const { id } = group;
    group = await start();
    expect(group.id).toBe(id);
    await owner.client.groups.get(id)?.invite([guest.id]);
    await enter(guest);
    await greet(group, notes());
    await rest(bot, owner);
    expect(greetings().slice(1)).toEqual([`Welcome, (${guest.id.slice(0, 4)}...${guest.id.slice(-4)})!`]);
  });

  test("invites again whom it could not reach", async () => {
    bot.fault = ({ params }) => (params["pubkey"] === guest.id ? "lost" : undefined);
    expect(await say(owner, `/invite ${guest.id}`)).toEqual(["not reached yet, I keep trying"]);
    expect(status(guest)).toBe("invite-failed");
    bot.fault = () => undefined;
    await retry(group);
    await enter(guest);
    expect(status(guest)).toBe("invite-accepted");
  });
});
