import fc from "fast-check";
import type { ConfigDict, ConfigScalar, ConfigSigning, StoredConfig } from "session-messenger-sdk/config";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { describe, expect, it } from "vitest";
import { PlainConfig, stored } from "./support.js";

const runs = (count: number): number => count * Number(process.env["FC_RUNS"] ?? 1);

/** How a push ends: stored and confirmed; stored, but the answer is lost; or not stored at all. */
type Fate = "confirmed" | "unconfirmed" | "lost";

type Action =
  | { readonly do: "set"; readonly device: number; readonly key: number; readonly value: number }
  | { readonly do: "member"; readonly device: number; readonly value: number; readonly add: boolean }
  | { readonly do: "push"; readonly device: number; readonly fate: Fate }
  /** Merges what the picks choose, in their order: some messages twice, some not at all. */
  | { readonly do: "pull"; readonly device: number; readonly picks: readonly number[] }
  | { readonly do: "restart"; readonly device: number };

const DEVICES = 4;
/** Keys that every device writes; the others belong to one device each. */
const SHARED_KEYS = 3;
const KEYS = 6;

const device = fc.nat(DEVICES - 1);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("set" as const),
      device,
      key: fc.nat(KEYS - 1),
      value: fc.nat(4),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("member" as const), device, value: fc.nat(5), add: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("push" as const),
      device,
      fate: fc.constantFrom<Fate>("confirmed", "confirmed", "unconfirmed", "lost"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("pull" as const),
      device,
      picks: fc.array(fc.nat(), { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), device }) },
);

/** Devices of one account, and the swarm between them. */
class Model {
  readonly #signing: ConfigSigning | undefined;
  readonly devices: PlainConfig[];
  readonly swarm = new Map<string, StoredConfig>();
  /** What each device wrote last to the keys that are its own. */
  readonly own = new Map<string, bigint | undefined>();
  /**
   * Whether versions were merged. The merge of a device without changes of its own lists every key as changed, as that of
   * the official clients does, and so is in conflict with whatever others change at that time.
   */
  merged = false;

  constructor(count: number, signing: ConfigSigning | undefined) {
    this.#signing = signing;
    this.devices = Array.from({ length: count }, () => new PlainConfig({ signing }));
  }

  get newestSeqno(): bigint {
    const [newest = 0n] = this.devices.map(({ seqno }) => seqno).sort((a, b) => (a < b ? 1 : -1));
    return newest;
  }

  run(step: Action): void {
    const index = step.device % this.devices.length;
    const config = this.devices[index] as PlainConfig;
    if (step.do === "push") this.push(config, step.fate);
    else if (step.do === "pull") this.#pullSome(config, step.picks);
    else if (step.do === "restart") {
      this.devices[index] = new PlainConfig({ signing: this.#signing, dump: config.dump() });
    } else if (step.do === "member") this.#changeSet(config, BigInt(step.value), step.add);
    else this.#set(config, index, step.key, step.value);
  }

  push(config: PlainConfig, fate: Fate): void {
    if (!config.needsPush) return;
    const { seqno, messages, obsolete } = config.push();
    if (fate === "lost") return;
    const all = messages.map(stored);
    for (const message of all) this.swarm.set(message.hash, message);
    for (const hash of obsolete) this.swarm.delete(hash);
    if (fate === "confirmed") {
      config.confirm(
        seqno,
        all.map(({ hash }) => hash),
      );
    }
  }

  /** Everybody pushes, then pulls and pushes until nothing changes any more. */
  settle(): void {
    for (const config of this.devices) this.push(config, "confirmed");
    for (let round = 0; round < 12; round++) {
      let quiet = true;
      for (const config of this.devices) {
        const { changed, ignored } = config.merge([...this.swarm.values()]);
        expect(ignored).toEqual([]);
        if (changed || config.needsPush) quiet = false;
        this.push(config, "confirmed");
      }
      if (quiet) return;
    }
    throw new Error("the devices do not come to rest");
  }

  /** A device that has nothing but what the swarm has. */
  newDevice(): PlainConfig {
    const config = new PlainConfig({ signing: this.#signing });
    config.merge([...this.swarm.values()]);
    return config;
  }

  #pullSome(config: PlainConfig, picks: readonly number[]): void {
    const messages = [...this.swarm.values()];
    if (messages.length === 0) return;
    const { changed } = config.merge(picks.map((pick) => messages[pick % messages.length] as StoredConfig));
    if (changed && config.needsPush) this.merged = true;
  }

  #set(config: PlainConfig, index: number, key: number, value: number): void {
    const wanted = value === 0 ? undefined : BigInt(value);
    const shared = key < SHARED_KEYS;
    const name = shared ? `shared ${key}` : `of ${index}, ${key}`;
    config.setRaw(["values", name], wanted);
    if (!shared) this.own.set(name, wanted);
  }

  #changeSet(config: PlainConfig, member: bigint, add: boolean): void {
    const current = config.snapshot().get("set");
    const set = new Set<ConfigScalar>(current instanceof Set ? current : []);
    if (add) set.add(member);
    else set.delete(member);
    config.setRaw(["set"], set);
  }
}

const valueIn = (data: ConfigDict, name: string): unknown => {
  const values = data.get("values");
  return values instanceof Map ? values.get(name) : undefined;
};

const keyPair = defaultCrypto.ed25519KeyPair(new Uint8Array(32).fill(9));

describe("devices that change a config at once", () => {
  it.each([
    { kind: "unsigned", signing: undefined, schedules: 1600 },
    { kind: "signed", signing: keyPair, schedules: 400 },
  ])(
    "agree when it is quiet ($kind)",
    ({ signing, schedules }) => {
      let checked = 0;
      let total = 0;
      fc.assert(
        fc.property(
          fc.integer({ min: 2, max: DEVICES }),
          fc.array(fc.array(action, { maxLength: 20, size: "max" }), { minLength: 1, maxLength: 3 }),
          (count, epochs) => {
            const model = new Model(count, signing);
            // A dict that somebody empties is gone with what others put in at the same time: the protocol's way, not ours.
            model.devices[0]?.setRaw(["values", "anchor"], 1n);
            model.settle();
            for (const actions of epochs) {
              const start = model.newestSeqno;
              model.own.clear();
              model.merged = false;
              for (const step of actions) model.run(step);
              const moved = model.newestSeqno - start;
              model.settle();

              const [first, ...others] = model.devices.map((config) => config.snapshot());
              for (const other of others) expect(other).toEqual(first);
              // Nothing is left to be deleted that somebody still needs.
              expect(model.newDevice().snapshot()).toEqual(first);

              // Messages carry the changes of four versions before them; what is older than that can be lost.
              total++;
              if (moved > 3n || model.merged || first === undefined) continue;
              checked++;
              for (const [name, value] of model.own) expect(valueIn(first, name)).toBe(value);
            }
          },
        ),
        { numRuns: runs(schedules) },
      );
      // The condition above must not make the test empty.
      expect(checked).toBeGreaterThan(total / 3);
    },
    120_000,
  );
});
