import { type GroupDetailsChange, GroupState } from "session-messenger-sdk/groups";
import { describe, expect, test } from "vitest";
import { account, coded, groupId, groupKey, NOW, thrown } from "./support.js";

const picture = { url: "http://files.example/1", key: new Uint8Array(32).fill(7) };
const EMPTY = {
  name: "",
  description: "",
  picture: undefined,
  timerSeconds: 0,
  created: 0,
  deleteBefore: 0,
  deleteAttachmentsBefore: 0,
  isDestroyed: false,
};

function newGroup(): GroupState {
  const group = new GroupState({
    groupId: groupId(),
    account: account(1),
    seed: groupKey().secretKey,
    now: () => NOW,
  });
  const { message: data } = group.rekey();
  group.loadKeys({ data, hash: "k0", timestamp: NOW });
  return group;
}

test("starts empty", () => {
  expect(newGroup().info.details).toEqual(EMPTY);
});

test("every field is written under its key, read back, and taken away again", () => {
  const { info } = newGroup();
  const full = {
    name: "Círculo",
    description: "d".repeat(600),
    picture,
    timerSeconds: 3600,
    created: 1_700_000_000,
    deleteBefore: 1_700_000_001,
    deleteAttachmentsBefore: 1_700_000_002,
  };
  info.update(full);
  expect(info.details).toEqual({ ...full, isDestroyed: false });
  expect(Object.fromEntries(info.snapshot())).toEqual({
    n: Buffer.from("Círculo").toString("latin1"),
    o: "d".repeat(600),
    p: picture.url,
    q: "\x07".repeat(32),
    E: 3600n,
    c: 1_700_000_000n,
    d: 1_700_000_001n,
    D: 1_700_000_002n,
  });
  info.update({
    name: "",
    description: "",
    picture: undefined,
    timerSeconds: 0,
    created: 0,
    deleteBefore: 0,
    deleteAttachmentsBefore: 0,
  });
  expect(info.snapshot().size).toBe(0);
});

test("what is left out stays, and what is the same is no change", () => {
  const { info } = newGroup();
  info.update({ name: "a", picture });
  const { seqno } = info.push();
  info.confirm(seqno, ["h"]);
  const before = info.snapshot();
  info.update({ name: "a", picture, description: "" });
  info.update({ timerSeconds: undefined } as unknown as GroupDetailsChange);
  expect(info.needsPush).toBe(false);
  info.update({ timerSeconds: 5 });
  expect(info.needsPush).toBe(true);
  expect(info.details).toEqual({ ...EMPTY, name: "a", picture, timerSeconds: 5 });
  expect(info.changesSince(before)).toEqual(["timerSeconds"]);
});

test("a destroyed group stays so", () => {
  const { info } = newGroup();
  info.destroy();
  info.update({ name: "again" });
  expect(info.details).toEqual({ ...EMPTY, name: "again", isDestroyed: true });
  expect(info.snapshot().get("!")).toBe(1n);
});

describe("reads", () => {
  test("times in milliseconds and microseconds as seconds", () => {
    const { info } = newGroup();
    info.setRaw(["c"], 1_700_000_000n);
    info.setRaw(["d"], 1_700_000_000_000n);
    info.setRaw(["D"], 1_700_000_000_000_000n);
    expect(info.details).toMatchObject({
      created: 1_700_000_000,
      deleteBefore: 1_700_000_000,
      deleteAttachmentsBefore: 1_700_000_000,
    });
  });

  test("what is of a wrong type or form as absent", () => {
    const { info } = newGroup();
    for (const key of ["n", "o", "p"]) info.setRaw([key], 5n);
    for (const key of ["c", "d", "D", "E", "!"]) info.setRaw([key], "text");
    info.setRaw(["q"], "\x07".repeat(31));
    expect(info.details).toEqual(EMPTY);
    for (const key of ["c", "d", "D", "E", "!"]) info.setRaw([key], -5n);
    info.setRaw(["p"], picture.url);
    expect(info.details).toEqual(EMPTY);
    info.setRaw(["n"], "a\xff");
    expect(info.details.name).toBe("a\ufffd");
  });
});

test("refuses values out of range, and then changes nothing", () => {
  const { info } = newGroup();
  for (const change of [
    { name: "n".repeat(101) },
    { description: "d".repeat(2001) },
    { timerSeconds: -1 },
    { timerSeconds: 1.5 },
    { created: -1 },
    { deleteBefore: NOW },
    { deleteAttachmentsBefore: Number.NaN },
    { picture: { url: "", key: new Uint8Array(32) } },
    { picture: { url: "u".repeat(224), key: new Uint8Array(32) } },
    { picture: { url: "u", key: new Uint8Array(33) } },
  ]) {
    expect(thrown(() => info.update({ created: 5, ...change }))).toEqual(coded("CONFIG_VALUE_INVALID"));
    expect(info.snapshot().size).toBe(0);
  }
});
