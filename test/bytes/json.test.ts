import { isJsonObject, jsonMember, jsonReaders, optionalJson } from "session-messenger-sdk/bytes";
import { describe, expect, test } from "vitest";

class Refused extends Error {}
const refused = (what: string, cause?: unknown): Error => new Refused(what, { cause });
const { readRecord, readList, readText, readInteger, readBase64 } = jsonReaders(refused);

const SAMPLES = [undefined, null, true, 0, 1.5, "text", [], {}];

describe("readers of untrusted JSON", () => {
  const readers = [
    ["readRecord", readRecord, [{}]],
    ["readList", readList, [[]]],
    ["readText", readText, ["text"]],
    ["readInteger", readInteger, [0]],
    ["readBase64", readBase64, ["text"]],
  ] as const;
  test.each(readers)("%s takes what it is for, and refuses the rest", (_name, read, taken) => {
    const isTaken = (sample: unknown): boolean => {
      try {
        read(sample, "it");
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(Refused);
        expect((error as Error).message).toMatch(/^it is no /);
        return false;
      }
    };
    expect(SAMPLES.filter(isTaken)).toEqual(taken);
  });

  test("integers have bounds, and none that JSON cannot carry", () => {
    expect(readInteger(5, "it", { min: 5, max: 5 })).toBe(5);
    expect(readInteger(-5, "it", { min: -5 })).toBe(-5);
    for (const value of [4, 6, 2 ** 53, Number.NaN])
      expect(() => readInteger(value, "it", { min: 5, max: 5 })).toThrow(Refused);
    expect(() => readInteger(-1, "it")).toThrow(Refused);
    expect(() => readInteger(2 ** 53, "it")).toThrow(Refused);
  });

  test("base64 says why", () => {
    expect(readBase64("aGk", "it")).toEqual(Uint8Array.of(0x68, 0x69));
    expect(() => readBase64("a!", "it")).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: "BYTES_INVALID_BASE64" }) }),
    );
  });

  test("a member is none that the object inherited, a value none that is null", () => {
    const object = { own: 1 };
    expect(isJsonObject(object)).toBe(true);
    expect(jsonMember(object, "own")).toBe(1);
    expect(jsonMember(object, "constructor")).toBeUndefined();
    const read = optionalJson(readText);
    expect([read(undefined, "it"), read(null, "it"), read("x", "it")]).toEqual([undefined, undefined, "x"]);
    expect(() => read(1, "it")).toThrow(Refused);
  });
});
