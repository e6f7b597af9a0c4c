/** The demo's part about a group: five members, one of them with two devices. */
import { Client, type Group, isSessionError } from "session-messenger-sdk";
import type { Person } from "./people.js";
import { bold, dim, line, step } from "./terminal.js";

/** A device, with what it was told. */
class Device implements Person {
  readonly texts: string[] = [];
  readonly changes: string[] = [];
  readonly name: string;
  readonly client: Client;
  /** Takes the handlers off again. */
  readonly stop: () => void;

  constructor(name: string, client: Client) {
    this.name = name;
    this.client = client;
    const offs = [
      client.on("message", ({ source, text }) => {
        if (source === "group") this.texts.push(text);
      }),
      client.on("group", ({ change }) => this.changes.push(change)),
    ];
    this.stop = () => {
      for (const off of offs) off();
    };
  }

  /** The group, on this device. */
  group(id: string): Group {
    const group = this.client.groups.get(id);
    if (group === undefined) throw new Error(`${this.name} is not in the group`);
    return group;
  }
}

/** Everybody reads, and brings to the swarm what follows from it. */
async function sync(devices: readonly Device[]): Promise<void> {
  await Promise.all(devices.map(({ client }) => client.sync()));
}

/** Answers an invitation; those of people one accepts need no answer. */
async function join({ client }: Device, id: string): Promise<void> {
  await client.sync();
  if (client.groups.get(id) === undefined) await client.groups.accept(id);
  await client.sync();
}

const names = (devices: readonly Device[]): string => devices.map(({ name }) => name).join(", ");

/** Says something; names those that have read it. */
async function say(from: Device, id: string, text: string, devices: readonly Device[]): Promise<void> {
  await from.group(id).send({ text });
  await sync(devices);
  const readers = devices.filter(({ texts }) => texts.includes(text));
  line(`  ${bold(from.name)}  ${text}`);
  line(dim(`    read by ${names(readers)}`));
}

/** Five people, six devices: they talk, one becomes an admin, one is removed. */
export async function groupOfFive(alice: Person, bob: Person): Promise<void> {
  const options = { network: alice.client.network, polling: false } as const;
  await using carols = await Client.open(options);
  await using laptops = await Client.open({ ...options, account: carols.account });
  await using daves = await Client.open(options);
  await using erins = await Client.open(options);
  const [a, b, carol, laptop, dave, erin] = [
    new Device("Alice", alice.client),
    new Device("Bob", bob.client),
    new Device("Carol", carols),
    new Device("Carol's laptop", laptops),
    new Device("Dave", daves),
    new Device("Erin", erins),
  ] as const;
  const all = [a, b, carol, laptop, dave, erin];

  const invited = [b, carol, dave, erin];
  const group = await step(`Alice makes a group and invites ${names(invited)}`, () =>
    a.client.groups.create({ name: "Hikers", members: invited.map(({ client }) => client.sessionId) }),
  );
  await step("they accept, and Carol's laptop follows her phone", async () => {
    await Promise.all(invited.map((device) => join(device, group.id)));
    await sync([laptop, a]);
  });
  const accepted = group.members.filter(({ status }) => status === "invite-accepted").length;
  line(dim(`    Alice's list: an admin, and ${accepted} who have accepted`));

  await say(a, group.id, "Sunday at eight, at the station?", all);
  await say(dave, group.id, "Too early for me.", all);

  await step("Alice makes Carol an admin", async () => {
    await group.promote(carol.client.sessionId);
    await sync([carol]);
    await sync([laptop]);
  });
  await laptop.group(group.id).rename("Early hikers");
  await sync(all);
  line(
    `  ${bold("Carol's laptop")} renames the group: for Erin it is ${bold(erin.group(group.id).name)} now`,
  );

  await step("it removes Dave, and hands a new key to the others", () =>
    laptop.group(group.id).remove(dave.client.sessionId),
  );
  await say(b, group.id, "So, at seven?", all);
  await shutOut(dave, group.id);
  for (const device of all) device.stop();
}

/** What is left to somebody who was removed. */
async function shutOut(dave: Device, id: string): Promise<void> {
  const [why] = dave.changes.slice(-1);
  line(`  ${bold("Dave")} is told: ${bold(why ?? "nothing")}`);
  try {
    await dave.client.send(id, { text: "Wait!" });
  } catch (error) {
    if (!isSessionError(error)) throw error;
    line(dim(`    Dave writes all the same: ${error.code}`));
  }
}
