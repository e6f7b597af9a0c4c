/**
 * Random schedules: admins and members of one group, one of whom has two devices, do things at once while requests and
 * replies are lost, nodes refuse, and programs are killed. When all is quiet again, every device holds the same group, who
 * is in it reads and writes, and who is not is told so and can do neither.
 *
 * The failing seed is told, with what was done; `SCHEDULE=<seed>` runs it alone, `SCHEDULE=<first>-<last>` others.
 */
import { describe, expect, test } from "vitest";
import { Schedule } from "../support/schedule.js";

const [first, last] = (process.env["SCHEDULE"] ?? "1-200").split("-").map(Number) as [number, number?];
const seeds = Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index);
/** Schedules in one test, so that a failure does not hide the others. */
const PER_TEST = 20;

const portions: number[][] = [];
for (let at = 0; at < seeds.length; at += PER_TEST) portions.push(seeds.slice(at, at + PER_TEST));

describe.each(portions.map((portion) => [portion[0], portion.at(-1), portion] as const))(
  "schedules %i to %i",
  (_first, _last, portion) => {
    test("converge", { timeout: 300_000 }, async () => {
      const failures: string[] = [];
      for (const seed of portion) {
        const schedule = await Schedule.open(seed);
        try {
          await schedule.run();
          await schedule.check();
        } catch (error) {
          failures.push(`seed ${seed}: ${told(error)}\n${schedule.log.join("\n")}`);
        } finally {
          await schedule.close();
        }
      }
      expect(failures).toEqual([]);
    });
  },
);

/** What is wrong, with what was compared. */
function told(error: unknown): string {
  const {
    message = String(error),
    actual,
    expected,
  } = error as Record<"message" | "actual" | "expected", unknown>;
  return expected === undefined
    ? String(message)
    : `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
}
