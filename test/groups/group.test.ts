import { createHash } from "node:crypto";
import fc from "fast-check";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import {
  decodeGroupMessage,
  encodeGroupMessage,
  type GroupMember,
  GroupState,
  type StoredKeysMessage,
} from "session-messenger-sdk/groups";
import type { Account, SessionId } from "session-messenger-sdk/identity";
import { describe, expect, test } from "vitest";
import { ourBackends } from "../support/backends.js";
import { account, coded, groupId, groupKey, NOW, patience, runs, thrown } from "./support.js";

const compress = await loadCompressor();
const SEED = groupKey().secretKey.slice(0, 32);
const [alice, bob, carol, dave] = [account(1), account(2), account(3), account(4)] as const;

const open = (who: Account, change: Partial<ConstructorParameters<typeof GroupState>[0]> = {}): GroupState =>
  new GroupState({
    groupId: groupId(),
    account: who,
    compress,
    crypto: nodeCrypto,
    now: () => NOW,
    ...change,
  });

/** What a swarm keeps of a group: no more than the order of messages and their hashes. */
class Swarm {
  #clock = NOW;
  readonly #stored = new Map<number, Map<string, StoredKeysMessage>>();

  store(namespace: number, data: Uint8Array): string {
    const hash = createHash("sha256").update(`${namespace}/`).update(data).digest("base64").slice(0, 43);
    const messages = this.#stored.get(namespace) ?? new Map<string, StoredKeysMessage>();
    this.#stored.set(namespace, messages);
    if (!messages.has(hash)) messages.set(hash, { hash, data, timestamp: ++this.#clock });
    return hash;
  }

  delete(hashes: readonly string[]): void {
    for (const messages of this.#stored.values()) for (const hash of hashes) messages.delete(hash);
  }

  messages(namespace: number): readonly StoredKeysMessage[] {
    return [...(this.#stored.get(namespace)?.values() ?? [])];
  }

  /** Keys first, then what they encrypt. */
  poll(group: GroupState): void {
    for (const message of this.messages(12)) group.loadKeys(message);
    for (const config of [group.info, group.members])
      if (group.keys.encryptionKey !== undefined) config.merge(this.messages(config.namespace));
  }

  pushKeys(group: GroupState): void {
    const { pending } = group.keys;
    if (pending !== undefined) this.store(12, pending.message);
  }

  /** What an admin has to say, keys before what they encrypt. */
  push(group: GroupState): void {
    this.pushKeys(group);
    for (const config of [group.info, group.members]) {
      if (!config.needsPush) continue;
      const { seqno, messages, obsolete } = config.push();
      const hashes = messages.map((data) => this.store(config.namespace, data));
      this.delete(obsolete);
      config.confirm(seqno, hashes);
    }
  }
}

/** Alice's new group with Bob and Carol, on the swarm. */
function create(swarm: Swarm): GroupState {
  const group = open(alice, { seed: SEED });
  group.info.update({ name: "friends", created: NOW / 1000 });
  group.members.update(alice.sessionId, { name: "Alice", promotion: "accepted" });
  for (const { sessionId } of [bob, carol]) group.members.update(sessionId, { invite: "sent" });
  group.rekey();
  swarm.push(group);
  swarm.poll(group);
  return group;
}

const view = (group: GroupState): unknown => ({
  members: group.members.list().map(({ status: _, ...member }: GroupMember) => member),
  details: group.info.details,
  key: group.keys.encryptionKey,
  generation: group.keys.generation,
});

describe.each(ourBackends.map((crypto) => [crypto.name, crypto] as const))("a group with %s", (_, crypto) => {
  test("is the same for all members, whose messages all can read", () => {
    const swarm = new Swarm();
    const admin = create(swarm);
    expect([admin.info.needsPush, admin.members.needsPush, admin.keys.pending]).toEqual([
      false,
      false,
      undefined,
    ]);
    const member = open(bob, { crypto });
    swarm.poll(member);
    expect(view(member)).toEqual(view(admin));
    const { data } = encodeGroupMessage(
      { kind: "text", text: "hello" },
      { sender: bob, keys: member.keys, timestamp: NOW, compress, crypto },
    );
    const isMember = (id: SessionId): boolean => admin.members.get(id) !== undefined;
    expect(
      decodeGroupMessage({ data }, { account: alice, keys: admin.keys, now: NOW, isMember, crypto }),
    ).toMatchObject({
      message: { text: "hello", from: bob.sessionId },
    });
  });
});

test("a removed member can neither read the next key nor what it encrypts", () => {
  const swarm = new Swarm();
  const admin = create(swarm);
  const removed = open(carol);
  swarm.poll(removed);
  admin.members.remove(carol.sessionId);
  admin.rekey();
  swarm.push(admin);
  swarm.poll(admin);
  for (const message of swarm.messages(12)) removed.loadKeys(message);
  expect(removed.keys.generation).toBe(0);
  const { accepted, ignored } = removed.members.merge(swarm.messages(14));
  expect(accepted).toEqual([]);
  expect(ignored.map(({ error }) => error.code)).toEqual(["CONFIG_DECRYPT_FAILED"]);
  expect(removed.members.get(carol.sessionId)).toBeDefined();
});

test("a member who is promoted rekeys and changes the group", () => {
  const swarm = new Swarm();
  const admin = create(swarm);
  const member = open(bob);
  swarm.poll(member);
  expect(thrown(() => member.members.update(dave.sessionId, {}))).toEqual(coded("CONFIG_READ_ONLY"));
  expect(thrown(() => member.makeAdmin(groupKey(1).secretKey.slice(0, 32)))).toEqual(
    coded("GROUP_WRONG_KEY"),
  );
  expect(member.isAdmin).toBe(false);
  member.makeAdmin(SEED);
  expect(member.isAdmin).toBe(true);
  member.members.update(bob.sessionId, { promotion: "accepted" });
  member.members.update(dave.sessionId, {});
  member.rekey();
  swarm.push(member);
  swarm.poll(member);
  swarm.poll(admin);
  expect(view(admin)).toEqual(view(member));
  const newcomer = open(dave);
  swarm.poll(newcomer);
  expect(view(newcomer)).toEqual(view(admin));
});

test("configs that the group's key did not sign are ignored, with the reason", () => {
  const swarm = new Swarm();
  const admin = create(swarm);
  // A member knows the key that encrypts: here it even writes its own config with it.
  const forged = open(bob, { groupId: groupId(1), seed: groupKey(1).secretKey.slice(0, 32) });
  forged.info.setKeys(admin.keys.keys);
  forged.keys.rekey([]);
  forged.info.update({ name: "mine" });
  const [data] = forged.info.push().messages;
  const before = view(admin);
  const result = admin.info.merge([{ hash: "forged", data: data! }]);
  expect(result.accepted).toEqual([]);
  expect(result.ignored[0]?.error.code).toBe("CONFIG_BAD_SIGNATURE");
  expect(view(admin)).toEqual(before);
  expect(admin.info.needsPush).toBe(false);
});

test("a rekey dirties both configs, loading it does not, repeating it changes nothing", () => {
  const swarm = new Swarm();
  const admin = create(swarm);
  const first = admin.rekey();
  expect([admin.info.needsPush, admin.members.needsPush]).toEqual([true, true]);
  swarm.push(admin);
  expect(admin.rekey().key).toEqual(first.key);
  expect([admin.info.needsPush, admin.members.needsPush]).toEqual([false, false]);
  swarm.poll(admin);
  expect([admin.info.needsPush, admin.members.needsPush, admin.keys.generation]).toEqual([false, false, 1]);
});

test("a dump brings everything back, and a broken one is refused", () => {
  const swarm = new Swarm();
  const admin = create(swarm);
  admin.members.update(dave.sessionId, {});
  admin.rekey();
  expect(admin.needsDump).toBe(true);
  const dump = admin.dump();
  expect(admin.needsDump).toBe(false);
  const again = open(alice, { seed: SEED, dump });
  expect(view(again)).toEqual(view(admin));
  expect(again.keys.pending).toEqual(admin.keys.pending);
  swarm.push(again);
  swarm.poll(again);
  const other = open(dave);
  swarm.poll(other);
  expect(view(other)).toEqual(view(again));

  for (const bad of ["", "de", "le", "d4:info0:4:keys0:e", "d4:infoi1e4:keys0:7:members0:e"])
    expect(thrown(() => open(alice, { dump: Buffer.from(bad) }))).toEqual(coded("GROUP_INVALID_DUMP"));
  expect(thrown(() => open(alice, { dump: Buffer.from("d4:info0:4:keys0:7:members0:e") }))).toEqual(
    expect.toSatisfy((error) => /_INVALID/.test(error.code)),
  );
});

describe("two admins", () => {
  test("who rekey at once with the same members make one message", () => {
    const swarm = new Swarm();
    const first = create(swarm);
    const second = open(alice, { seed: SEED });
    swarm.poll(second);
    first.rekey();
    second.rekey();
    expect(second.keys.pending).toEqual(first.keys.pending);
    for (const admin of [first, second]) swarm.push(admin);
    for (const admin of [first, second]) swarm.poll(admin);
    expect(first.keys.needsRekey).toBe(false);
    expect(view(second)).toEqual(view(first));
    expect(swarm.messages(12)).toHaveLength(2);
  });

  test("whose rekey was overtaken by one without their changes notice it", () => {
    const swarm = new Swarm();
    const first = create(swarm);
    const second = open(bob, { seed: SEED });
    swarm.poll(second);
    // Bob takes Carol off the list; before that is stored, Alice rekeys twice.
    second.members.remove(carol.sessionId);
    second.rekey();
    for (let i = 0; i < 2; i++) {
      first.rekey();
      swarm.push(first);
      swarm.poll(first);
    }
    swarm.poll(second);
    expect(second.keys.pending).toBeUndefined();
    expect([second.keys.needsRekey, second.settle()]).toEqual([false, true]);
    // A restart does not forget it.
    const again = open(bob, { seed: SEED, dump: second.dump() });
    expect(again.settle()).toBe(true);
    again.rekey();
    expect(again.settle()).toBe(false);
    swarm.push(again);
    for (const admin of [first, again]) swarm.poll(admin);
    expect([first.settle(), again.settle()]).toEqual([false, false]);
    expect(view(again)).toEqual(view(first));
    const member = open(carol);
    swarm.poll(member);
    expect(member.settle()).toBe(false);
    expect(member.keys.generation).toBe(2);
  });

  test("are not settled before their list is pushed", () => {
    const swarm = new Swarm();
    const first = create(swarm);
    const second = open(bob, { seed: SEED });
    swarm.poll(second);
    // Of Bob's push only the key arrives; Alice rekeys for the list that she knows.
    second.members.remove(carol.sessionId);
    second.rekey();
    swarm.pushKeys(second);
    swarm.poll(second);
    expect([second.keys.generation, second.settle()]).toEqual([1, false]);
    swarm.poll(first);
    first.rekey();
    swarm.push(first);
    swarm.poll(second);
    expect([second.keys.generation, second.settle()]).toEqual([2, true]);
  });

  test("do not rekey for a list that somebody else changed without a rekey", () => {
    const swarm = new Swarm();
    const first = create(swarm);
    expect(first.settle()).toBe(false);
    const second = open(bob, { seed: SEED });
    swarm.poll(second);
    second.members.update(dave.sessionId, { needsHistory: true });
    swarm.store(12, second.keys.supplement([dave.sessionId]));
    swarm.push(second);
    swarm.poll(first);
    expect(first.members.get(dave.sessionId)).toBeDefined();
    expect([first.settle(), second.settle()]).toEqual([false, false]);
  });

  test("who add different members at once see the conflict and come to one key", () => {
    const swarm = new Swarm();
    const first = create(swarm);
    const second = open(bob, { seed: SEED });
    swarm.poll(second);
    first.members.update(dave.sessionId, { invite: "sent" });
    second.members.update(account(5).sessionId, { invite: "sent" });
    for (const admin of [first, second]) admin.rekey();
    for (const admin of [first, second]) swarm.push(admin);
    for (const admin of [first, second]) swarm.poll(admin);
    expect([first.keys.needsRekey, second.keys.needsRekey]).toEqual([true, true]);
    for (const admin of [first, second]) admin.rekey();
    expect(second.keys.pending).toEqual(first.keys.pending);
    for (const admin of [first, second]) swarm.push(admin);
    for (const admin of [first, second]) swarm.poll(admin);
    expect(first.keys.needsRekey).toBe(false);
    expect(view(second)).toEqual(view(first));
    for (const who of [dave, account(5)]) {
      const newcomer = open(who);
      swarm.poll(newcomer);
      expect(view(newcomer)).toEqual(view(first));
    }
  });

  /** What an admin may do between polls. */
  type Act = readonly [
    admin: number,
    act: "add" | "remove" | "rename" | "poll" | "push" | "push-keys" | "restart",
    who: number,
  ];
  const act: fc.Arbitrary<Act> = fc.tuple(
    fc.nat(1),
    fc.constantFrom("add", "remove", "rename", "poll", "push", "push-keys", "restart"),
    fc.integer({ min: 3, max: 7 }),
  );

  test("converge after any history, and only members have the last key", patience, () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        const swarm = new Swarm();
        const admins = [create(swarm), open(bob, { seed: SEED })];
        const accounts = [alice, bob];
        swarm.poll(admins[1]!);
        for (const [index, what, number] of acts) {
          const admin = admins[index]!;
          const { sessionId } = account(number);
          if (what === "add") {
            admin.members.update(sessionId, { invite: "sent" });
            admin.rekey();
          } else if (what === "remove" && admin.members.remove(sessionId)) admin.rekey();
          else if (what === "rename") admin.info.update({ name: `name ${number}` });
          else if (what === "poll") swarm.poll(admin);
          else if (what === "push") swarm.push(admin);
          // A push that was cut off after its first message.
          else if (what === "push-keys") swarm.pushKeys(admin);
          else if (what === "restart")
            admins[index] = open(accounts[index]!, { seed: SEED, dump: admin.dump() });
        }
        const isDone = (group: GroupState): boolean =>
          !group.settle() &&
          !group.info.needsPush &&
          !group.members.needsPush &&
          group.keys.pending === undefined;
        let rounds = 0;
        for (let quiet = 0; quiet < 2; rounds++) {
          expect(rounds).toBeLessThan(20);
          for (const admin of admins) {
            swarm.poll(admin);
            if (admin.settle()) admin.rekey();
            swarm.push(admin);
          }
          quiet = admins.every(isDone) ? quiet + 1 : 0;
        }
        const [first, second] = admins.map(view);
        expect(second).toEqual(first);
        const members = new Set(admins[0]!.members.ids());
        for (let number = 3; number <= 7; number++) {
          const who = account(number);
          const device = open(who);
          swarm.poll(device);
          if (members.has(who.sessionId)) expect(view(device)).toEqual(first);
          // Whoever is no member now has older keys at most, and can no longer follow.
          else expect(device.keys.keys).not.toContainEqual(admins[0]!.keys.encryptionKey);
        }
      }),
      runs(25),
    );
  });
});
