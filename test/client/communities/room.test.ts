/** A room from end to end: two people over one server. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { codeOf, type Person, World } from "./support.js";

let world: World;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  world = await World.open();
  alice = await world.person(1);
  bob = await world.person(2);
});
afterEach(async () => await world[Symbol.asyncDispose]());

test("a text reaches the others once, and never its sender", async () => {
  const room = await alice.client.communities.join(world.server.link("lobby"));
  await bob.client.communities.join(world.server.link("lobby"));
  const sent = await room.send({ text: "hello room" });
  expect(sent).toMatchObject({ to: room.conversation, id: 1, filtered: false });
  expect(await bob.poll()).toEqual(["hello room"]);
  expect(bob.told.message[0]).toMatchObject({
    source: "community",
    conversation: room.conversation,
    id: 1,
    from: sent.from,
    outgoing: false,
    timestamp: sent.timestamp,
    history: true,
    hash: sent.hash,
  });
  expect(await alice.poll()).toEqual([]);
  await room.send({ text: "again" });
  expect(await bob.poll()).toEqual(["again"]);
  expect(bob.told.message[1]).toMatchObject({ history: false });
  expect(await bob.poll()).toEqual([]);
  expect(await alice.poll()).toEqual([]);
  expect([...alice.told.error, ...bob.told.error, ...bob.told.dropped]).toEqual([]);
});
