import type { ClientOptions } from "session-messenger-sdk/client";
import { Device, person } from "./device.js";
import type { FakeNetwork } from "./fake-network.js";

/** Opens a device of each person, by their numbers. People know each other, so that invitations need no answer. */
export async function openPeople(
  net: FakeNetwork,
  people: readonly number[],
  options: readonly Partial<ClientOptions>[] = [],
): Promise<Device[]> {
  const opened = await Promise.all(
    people.map((index, place) => Device.open(net, person(index), options[place] ?? {})),
  );
  for (const device of opened) await device.knows(...opened.filter((other) => other !== device));
  return opened;
}

/** Everybody polls and pushes, until what one does has reached the others. */
export async function settle(net: FakeNetwork, people: readonly Device[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    net.time += 1_000;
    for (const device of people) {
      device.timers.advance(10_000);
      await device.sync();
    }
  }
}
