import type { Group } from "session-messenger-sdk/client";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError } from "session-messenger-sdk/errors";
import { expect } from "vitest";
import { Device, type Fault, person } from "./device.js";
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

const STEPS = 12;
/** Of requests that go wrong while there are faults. */
const FAULTS = 0.12;
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

/** One schedule. */
export class Schedule {
  /** What was done. */
  readonly log: string[] = [];
  readonly #net = new GroupNetwork();
  readonly #random: () => number;
  #devices: Device[] = [];
  #id = "";
  #faulty = false;
  /** Texts that were accepted by the network, and who was there to read them is checked at the end. */
  #texts = 0;

  private constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  /** Two admins, five members, one of the seven with two devices; all in one group. */
  static async open(seed: number): Promise<Schedule> {
    const schedule = new Schedule(seed);
    await schedule.#begin();
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
      if (round >= 2 && isQuiet) return;
    }
    throw new Error("it does not come to rest");
  }

  /** What must hold now. */
  async check(): Promise<void> {
    const admins = this.#devices.filter((device) => this.#group(device)?.isAdmin);
    if (admins.length === 0) {
      // The last one has ended it.
      expect(this.#devices.filter((device) => this.#group(device) !== undefined).map(this.#name)).toEqual([]);
      return;
    }
    const reference = this.#view(admins[0]!);
    const listed = new Set(this.#group(admins[0]!)!.members.map(({ sessionId }) => sessionId as string));
    for (const device of this.#devices) {
      const name = this.#name(device);
      const isIn = this.#group(device) !== undefined;
      expect({ name, isIn }).toEqual({ name, isIn: listed.has(device.id) });
      if (isIn) expect({ name, ...this.#view(device) }).toEqual({ name, ...reference });
    }
    await this.#checkTexts();
    this.#checkDuplicates();
  }

  /** Everybody who is in the group writes, and reads what the others write. */
  async #checkTexts(): Promise<void> {
    const present = this.#devices.filter((device) => this.#group(device) !== undefined);
    for (const device of present) {
      await device.client.send(this.#id, { text: `at last ${this.#name(device)}` });
      this.#net.time += 10;
    }
    for (const device of this.#devices) await device.sync();
    for (const device of this.#devices) {
      const read = device.told.message.map(({ text }) => text).filter((text) => text.startsWith("at last"));
      const others = present
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

  async #begin(): Promise<void> {
    const twice = this.#below(7);
    for (let index = 0; index < 7; index++) {
      for (let copy = 0; copy < (index === twice ? 2 : 1); copy++) {
        const random = randomOf(this.#below(2 ** 32));
        const device = await Device.open(this.#net, person(index), {
          random,
          sync: index === twice,
          crypto: { ...nodeCrypto },
        });
        device.fault = () => this.#fault();
        this.#devices.push(device);
      }
    }
    for (const device of this.#devices)
      await device.knows(...this.#devices.filter(({ id }) => id !== device.id));
    const [creator] = this.#devices as [Device];
    const members = [...new Set(this.#devices.slice(1).map(({ id }) => id))].filter(
      (id) => id !== creator.id,
    );
    const group = await creator.client.groups.create({ name: "friends", members });
    this.#id = group.id;
    await this.#round();
    await group.promote(members[0]!);
    for (let round = 0; round < 3; round++) await this.#round();
    for (const device of this.#devices) expect(this.#group(device)).toBeDefined();
    for (const device of this.#devices) for (const list of Object.values(device.told)) list.length = 0;
  }

  async #round(): Promise<void> {
    this.#net.time += 1_000;
    for (const device of this.#devices) {
      device.timers.advance(10_000);
      await device.sync();
    }
  }

  async #step(): Promise<void> {
    const device = this.#pick(this.#devices);
    const name = this.#name(device);
    const group = this.#group(device);
    const what = this.#random();
    const note = (text: string): void => {
      this.log.push(`${name} ${text}`);
    };
    try {
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
        await group.leave();
      } else {
        await this.#administer(group, note);
      }
    } catch (error) {
      if (!isSessionError(error, ...EXPECTED)) throw error;
      note(`failed: ${error.code}`);
    }
  }

  async #administer(group: Group, note: (text: string) => void): Promise<void> {
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
      await group.invite([id], { history: this.#random() < 0.5 });
    } else if (what < 0.92) {
      const id = this.#pick(present);
      note(`removes ${this.#nameOf(id)}`);
      await group.remove(id, { deleteMessages: this.#random() < 0.5 });
    } else if (what < 0.96) {
      const id = this.#pick(present);
      note(`promotes ${this.#nameOf(id)}`);
      await group.promote(id);
    } else {
      note("leaves");
      await group.leave();
    }
  }

  #group(device: Device): Group | undefined {
    return device.client.groups.get(this.#id);
  }

  async #fault(): Promise<Fault> {
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
