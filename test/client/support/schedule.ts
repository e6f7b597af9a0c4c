import type { ClientOptions, Group } from "session-messenger-sdk/client";
import { isSessionError } from "session-messenger-sdk/errors";
import type { RpcRequest } from "session-messenger-sdk/network";
import { expect } from "vitest";
import { Device, type Disk, type Fault, person } from "./device.js";
import { fastCrypto } from "./fast-crypto.js";
import { GroupNetwork } from "./group-network.js";

/** Numbers that look random and follow from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PEOPLE = 7;
const STEPS = 12;
/** Of requests that go wrong while there are faults. */
const FAULTS = 0.12;
/** Who writes in the end, at most. */
const WRITERS = 3;
/** Rounds in which everything must come to rest. */
const ROUNDS = 12;
/** Calls that change a swarm; what is kept alive is not changed. */
const WRITES: ReadonlySet<string> = new Set(["store", "delete", "revoke_subaccount", "unrevoke_subaccount"]);
/** Failures that faults and races explain. */
const EXPECTED = [
  "GROUP_PUSH_FAILED",
  "GROUP_NOT_JOINED",
  "GROUP_NOT_ADMIN",
  "GROUP_NOT_MEMBER",
  "GROUP_ALREADY_MEMBER",
  "GROUP_LAST_ADMIN",
  "GROUP_NO_KEYS",
  "GROUP_NOT_INVITED",
  "SEND_FAILED",
  "POLL_FAILED",
  "CONFIG_PUSH_FAILED",
  "INVALID_ARGUMENT",
  "ABORTED",
  "CLOSED",
];

/** A group at the start of schedules: two admins, five members, one of the seven with two devices. */
interface Start {
  readonly net: GroupNetwork;
  readonly id: string;
  readonly twice: number;
  /** Person and disk of each device. */
  readonly devices: ReadonlyArray<{ readonly person: number; readonly disk: Disk }>;
}

/** Starts are made once, by who has two devices. */
const starts = new Map<number, Promise<Start>>();

/** One schedule. */
export class Schedule {
  /** What was done. */
  readonly log: string[] = [];
  readonly #net: GroupNetwork;
  readonly #random: () => number;
  readonly #id: string;
  #devices: Device[] = [];
  #faulty = false;
  #texts = 0;
  /**
   * Whom one admin promoted and who was removed, perhaps by another one at the same time: who is to win nobody can say, the
   * protocol knows no removal of an admin (docs/protocol/groups.md §11).
   */
  readonly #promoted = new Set<string>();
  readonly #removed = new Set<string>();
  /** Who was invited: when another admin finishes an older removal at that moment, the removal wins, and the token stays valid. */
  readonly #invited = new Set<string>();
  /** Who left on a device, perhaps while another one answered a new invitation: the account is out, the admins see its answer. */
  readonly #left = new Set<string>();
  /** Tokens that devices have used, by account. */
  readonly #tokens = new Map<string, string>();

  private constructor(random: () => number, { net, id }: Start) {
    this.#random = random;
    this.#net = net.copy();
    this.#id = id;
  }

  static async open(seed: number): Promise<Schedule> {
    const random = randomOf(seed);
    const twice = Math.floor(random() * PEOPLE);
    const start = starts.get(twice) ?? begin(twice);
    starts.set(twice, start);
    const schedule = new Schedule(random, await start);
    await schedule.#open(await start);
    return schedule;
  }

  async close(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.close().catch(() => {})));
  }

  /** Some steps, several at a time, then rest. */
  async run(): Promise<void> {
    this.#faulty = true;
    for (let step = 0; step < STEPS; step++) {
      const together = Array.from({ length: 1 + this.#below(3) }, () => this.#step());
      this.#net.time += this.#below(4_000);
      await Promise.all(together);
    }
    this.#faulty = false;
    this.log.push("rest");
    for (let round = 0; round < ROUNDS; round++) {
      this.#net.time += 60_000;
      this.#net.calls.length = 0;
      for (const device of this.#devices) {
        device.timers.advance(600_000);
        await device.sync();
      }
      const isQuiet = this.#net.calls.every(({ method }) => !WRITES.has(method));
      if (round >= 1 && isQuiet) return;
    }
    throw new Error("it does not come to rest");
  }

  /** What must hold now. */
  async check(): Promise<void> {
    const present = this.#devices.filter((device) => this.#group(device) !== undefined);
    const admin = present.find((device) => this.#group(device)?.isAdmin);
    const reference = admin ?? present[0];
    if (reference === undefined) return;
    const expected = this.#view(reference);
    for (const device of present)
      expect({ name: this.#name(device), ...this.#view(device) }).toEqual({
        name: this.#name(device),
        ...expected,
      });
    // When all admins have left, nobody is there to take them off the list.
    if (admin !== undefined) this.#checkMembership(this.#group(admin)!.members);
    await this.#checkTexts(present);
    this.#checkDuplicates();
  }

  /** Who has accepted is in the group. Who is not listed knows that, and the swarm refuses them. */
  #checkMembership(list: Group["members"]): void {
    const revoked = this.#net.revoked.get(this.#id) ?? [];
    const listed = new Map(list.map((member) => [member.sessionId as string, member]));
    for (const device of this.#devices) {
      if (this.#isContested(device)) continue;
      const name = this.#name(device);
      const isIn = this.#group(device) !== undefined;
      const member = listed.get(device.id);
      // An invitation that reaches a device before it hears that the other one has left is lost: the admins see that.
      const isOpen = member !== undefined && (member.invite > 0 || member.promotion > 0);
      if (!isOpen) expect({ name, isIn }).toEqual({ name, isIn: member !== undefined });
      const token = this.#tokens.get(device.id);
      const mayStayValid = member?.isAdmin === true || (member === undefined && this.#invited.has(device.id));
      if (token !== undefined && !mayStayValid)
        expect({ name, isRevoked: revoked.includes(token) }).toEqual({
          name,
          isRevoked: member === undefined,
        });
      if (!isIn) {
        const wasTold = device.changes.some((change) => ["kicked", "left", "destroyed"].includes(change));
        expect({ name, wasTold }).toEqual({ name, wasTold: true });
      }
    }
  }

  #isContested({ id }: Device): boolean {
    if (this.#promoted.has(id) && this.#removed.has(id)) return true;
    const isTwice = this.#devices.filter((device) => device.id === id).length > 1;
    return isTwice && this.#invited.has(id) && this.#left.has(id);
  }

  /** Some of those who are in the group write, and all of them read it. */
  async #checkTexts(present: readonly Device[]): Promise<void> {
    const writers = new Set(Array.from({ length: WRITERS }, () => this.#pick(present)));
    for (const device of writers) {
      await device.client.send(this.#id, { text: `at last ${this.#name(device)}` });
      this.#net.time += 10;
    }
    for (const device of this.#devices) await device.sync();
    for (const device of this.#devices) {
      const read = device.told.message.map(({ text }) => text).filter((text) => text.startsWith("at last"));
      const others = [...writers]
        .filter((other) => other !== device)
        .map((other) => `at last ${this.#name(other)}`);
      const expected = present.includes(device) ? others : [];
      expect({ name: this.#name(device), read: read.sort() }).toEqual({
        name: this.#name(device),
        read: expected.sort(),
      });
    }
  }

  /** No client gives its app a text twice; one that was killed may. */
  #checkDuplicates(): void {
    for (const device of this.#devices) {
      const names = device.told.message.map(({ from, timestamp }) => `${from}/${timestamp}`);
      expect(names.length).toBe(new Set(names).size);
    }
  }

  #view(device: Device): object {
    const group = this.#group(device)!;
    const members = group.members.map(({ sessionId, isAdmin, invite, promotion, removal }) => ({
      name: this.#nameOf(sessionId),
      isAdmin,
      invite,
      promotion,
      removal,
    }));
    const { name, description, disappearsAfter } = group;
    return { members, name, description, disappearsAfter };
  }

  async #open({ devices, twice }: Start): Promise<void> {
    for (const { person: index, disk } of devices) {
      const options = { ...optionsOf(index, twice), random: randomOf(this.#below(2 ** 32)) };
      const device = await Device.open(this.#net, person(index), options, disk);
      device.fault = (request) => this.#fault(device, request);
      this.#devices.push(device);
    }
  }

  async #step(): Promise<void> {
    const device = this.#pick(this.#devices);
    const name = this.#name(device);
    const what = this.#random();
    const note = (text: string): void => {
      this.log.push(`${name} ${text}`);
    };
    try {
      const group = this.#group(device);
      if (what < 0.3) {
        note("polls");
        await device.sync();
      } else if (what < 0.36) {
        note("is killed");
        await device.crash();
      } else if (what < 0.4) {
        note("restarts");
        await device.restart();
      } else if (what < 0.44) {
        note("lets time pass");
        device.timers.advance(10_000);
      } else if (what < 0.6 || group === undefined) {
        note("writes");
        await device.client.send(this.#id, { text: `text ${++this.#texts}` });
      } else if (!group.isAdmin) {
        if (what < 0.9) return;
        note("leaves");
        this.#removed.add(device.id);
        this.#left.add(device.id);
        await group.leave();
      } else {
        await this.#administer(device.id, group, note);
      }
    } catch (error) {
      if (!isSessionError(error, ...EXPECTED)) throw error;
      note(`failed: ${error.code}`);
    }
  }

  async #administer(self: string, group: Group, note: (text: string) => void): Promise<void> {
    const listed = new Set(group.members.map(({ sessionId }) => sessionId as string));
    const everyone = [...new Set(this.#devices.map(({ id }) => id))];
    const absent = everyone.filter((id) => !listed.has(id));
    const present = everyone.filter((id) => listed.has(id));
    const what = this.#random();
    if (what < 0.25) {
      note("renames");
      await group.rename(`name ${this.#below(1_000)}`);
    } else if (what < 0.3) {
      note("describes");
      await group.setDescription(`description ${this.#below(1_000)}`);
    } else if (what < 0.35) {
      note("sets the timer");
      await group.setDisappearing(86_400 + this.#below(1_000));
    } else if (what < 0.65 && absent.length > 0) {
      const id = this.#pick(absent);
      note(`invites ${this.#nameOf(id)}`);
      this.#invited.add(id);
      await group.invite([id], { history: this.#random() < 0.5 });
    } else if (what < 0.92) {
      const id = this.#pick(present);
      note(`removes ${this.#nameOf(id)}`);
      this.#removed.add(id);
      await group.remove(id, { deleteMessages: this.#random() < 0.5 });
    } else if (what < 0.96) {
      const id = this.#pick(present);
      note(`promotes ${this.#nameOf(id)}`);
      this.#promoted.add(id);
      await group.promote(id);
    } else {
      note("leaves");
      this.#removed.add(self);
      await group.leave();
    }
  }

  #group(device: Device): Group | undefined {
    return device.client.groups.get(this.#id);
  }

  async #fault({ id }: Device, { params }: RpcRequest): Promise<Fault> {
    for (const { params: inner } of (params["requests"] ?? []) as ReadonlyArray<{ params: object }>)
      if ("subaccount" in inner) this.#tokens.set(id, String(inner.subaccount));
    // Others run in between.
    for (let turns = this.#below(4); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
    if (!this.#faulty || this.#random() >= FAULTS) return undefined;
    return this.#pick(["lost", "refused", "reply-lost"] as const);
  }

  #name = (device: Device): string => {
    const copies = this.#devices.filter(({ id }) => id === device.id);
    return this.#nameOf(device.id) + (copies.length > 1 ? `/${copies.indexOf(device) + 1}` : "");
  };

  #nameOf(id: string): string {
    const people = [...new Set(this.#devices.map((device) => device.id))];
    return ["Ann", "Ben", "Cid", "Dot", "Eve", "Fay", "Gus"][people.indexOf(id)] ?? id;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }
}

/** The members of a group, which all have joined. */
async function begin(twice: number): Promise<Start> {
  const net = new GroupNetwork(2);
  const people = Array.from({ length: PEOPLE }, (_, index) => index).flatMap((index) =>
    index === twice ? [index, index] : [index],
  );
  const devices = await Promise.all(
    people.map((index) => Device.open(net, person(index), optionsOf(index, twice))),
  );
  const [creator, ...others] = devices as [Device, ...Device[]];
  for (const device of devices) await device.knows(...devices.filter(({ id }) => id !== device.id));
  const members = [...new Set(others.map(({ id }) => id))].filter((id) => id !== creator.id);
  const group = await creator.client.groups.create({ name: "friends", members });
  for (let round = 0; round < 5; round++) {
    net.time += 1_000;
    for (const device of devices) {
      device.timers.advance(10_000);
      await device.sync();
    }
    if (round === 1) await group.promote(person(1).sessionId);
  }
  const disks = await Promise.all(devices.map((device) => device.disk()));
  expect(devices.map(({ client }) => client.groups.get(group.id)?.isRead)).toEqual(devices.map(() => true));
  await Promise.all(devices.map((device) => device.close()));
  return {
    net,
    id: group.id,
    twice,
    devices: people.map((index, place) => ({ person: index, disk: disks[place] ?? [] })),
  };
}

/** Only who has two devices needs to tell one what the other does. */
const optionsOf = (index: number, twice: number): Partial<ClientOptions> => ({
  sync: index === twice,
  crypto: fastCrypto,
});
