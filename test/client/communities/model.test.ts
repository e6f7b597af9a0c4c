/** Whatever happens in a room, an app that follows the events ends with what is on the server. */
import fc from "fast-check";
import { MemoryLevel } from "memory-level";
import { bytesToUtf8, utf8ToBytes } from "session-messenger-sdk/bytes";
import type { ClientEvents, Room } from "session-messenger-sdk/client";
import { expect, test } from "vitest";
import { type Person, World } from "./support.js";

/** Runs of the property: few by default, more with FC_RUNS. */
const numRuns = 10 * Number(process.env["FC_RUNS"] ?? 1);

type Step =
  | { readonly do: "post" | "own post"; readonly count: number }
  | { readonly do: "edit" | "delete" | "react" | "unreact" | "own edit"; readonly at: number }
  | { readonly do: "poll" | "restart" | "lose answer" | "half answer" };

const at = fc.nat({ max: 1_000 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("post" as const), count: fc.constantFrom(1, 2, 130) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("own post" as const), count: fc.constant(1) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "edit" as const,
          "delete" as const,
          "react" as const,
          "unreact" as const,
          "own edit" as const,
        ),
        at,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "poll" as const,
          "poll" as const,
          "restart" as const,
          "lose answer" as const,
          "half answer" as const,
        ),
      }),
    },
  ),
  { minLength: 5, maxLength: 30 },
);

/** An app that keeps a room by what it is told. */
class App {
  readonly texts = new Map<number, string>();
  readonly reactions = new Map<number, Record<string, number>>();
  readonly times = new Map<number, number>();
  person!: Person;
  room!: Room;

  async open(world: World, store: MemoryLevel): Promise<void> {
    this.person = await world.person(1, { store, listen: ["error"] });
    const { client } = this.person;
    client.on("message", (message) => {
      if (message.source !== "community") throw new Error("not from a room");
      this.times.set(message.id, (this.times.get(message.id) ?? 0) + 1);
      this.#take(message);
    });
    client.on("room-edit", (message) => this.#take(message));
    client.on("room-deletion", ({ id }) => {
      this.texts.delete(id);
      this.reactions.delete(id);
    });
    client.on("room-reactions", ({ id, reactions }) => this.#react(id, reactions));
    this.room = await client.communities.join(world.server.link("lobby"));
  }

  #take({
    id,
    text,
    reactions,
  }: ClientEvents["room-edit"] | Extract<ClientEvents["message"], { source: "community" }>): void {
    this.texts.set(id, text);
    this.#react(id, reactions);
  }

  #react(id: number, reactions: readonly { readonly emoji: string; readonly count: number }[]): void {
    if (!this.texts.has(id)) return;
    this.reactions.set(id, Object.fromEntries(reactions.map(({ emoji, count }) => [emoji, count])));
  }
}

async function play(history: readonly Step[]): Promise<void> {
  await using world = await World.open();
  const bob = await world.person(2);
  const bobs = await bob.client.communities.join(world.server.link("lobby"));
  const store = new MemoryLevel();
  const app = new App();
  await app.open(world, store);
  await app.person.client.poll();
  const posted: number[] = [];
  const own: number[] = [];
  const pick = (ids: readonly number[], index: number): number | undefined =>
    ids[index % Math.max(1, ids.length)];
  let n = 0;
  for (const step of history) {
    world.net.time += 1_000;
    switch (step.do) {
      case "post":
        for (let count = 0; count < step.count; count++)
          posted.push((await bobs.send({ text: `text ${n++}` })).id);
        break;
      case "own post": {
        const { id } = await app.room.send({ text: `own ${n++}` });
        own.push(id);
        app.texts.set(id, `own ${n - 1}`);
        app.reactions.set(id, {});
        break;
      }
      case "edit": {
        const id = pick(posted, step.at);
        if (id !== undefined) await bobs.edit(id, { text: `edit ${n++}` }).catch(() => {});
        break;
      }
      case "own edit": {
        const id = pick(own, step.at);
        if (id === undefined || !app.texts.has(id)) break;
        await app.room.edit(id, { text: `own edit ${n++}` });
        app.texts.set(id, `own edit ${n - 1}`);
        break;
      }
      case "delete": {
        const id = pick(posted, step.at);
        if (id !== undefined) await bobs.delete(id);
        break;
      }
      case "react":
      case "unreact": {
        const id = pick([...posted, ...own], step.at);
        if (id !== undefined) await bobs[step.do](id, "👍").catch(() => {});
        break;
      }
      case "restart":
        await app.person.client.close();
        await app.open(world, store);
        break;
      case "lose answer":
      case "half answer":
        world.server.intercept((exchange, serve) => {
          if (exchange.path !== "/batch") return undefined;
          if (step.do === "lose answer") return { status: 502, body: "<html>" };
          const { status, headers, body } = serve();
          const entries = JSON.parse(typeof body === "string" ? body : bytesToUtf8(body)) as unknown[];
          return { status, headers, body: utf8ToBytes(JSON.stringify(entries.slice(0, 2))) };
        });
        await app.person.client.poll();
        world.server.intercept();
        world.net.time += 600_000;
        break;
      case "poll":
        await app.person.client.poll();
    }
  }
  world.net.time += 600_000;
  await app.person.client.poll();
  await app.person.client.poll();

  const truth = new Map<number, { text: string; reactions: Record<string, number> }>();
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await bobs.before(before, { limit: 256 });
    for (const { id, text, reactions } of page) {
      truth.set(id, {
        text,
        reactions: Object.fromEntries(reactions.map(({ emoji, count }) => [emoji, count])),
      });
      before = id;
    }
    if (page.length < 256) break;
  }
  const seen = new Map(
    [...app.texts].map(([id, text]) => [id, { text, reactions: app.reactions.get(id) ?? {} }]),
  );
  expect([...seen].sort(([a], [b]) => a - b)).toEqual([...truth].sort(([a], [b]) => a - b));
  for (const [id, times] of app.times) expect([id, times]).toEqual([id, 1]);
  for (const id of own) expect(app.times.has(id)).toBe(false);
}

test("random histories, with lost and half answers and restarts", async () => {
  await fc.assert(fc.asyncProperty(steps, play), { numRuns });
}, 300_000);
