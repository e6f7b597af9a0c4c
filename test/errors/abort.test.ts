import { getEventListeners } from "node:events";
import { onAbort } from "session-messenger-sdk/errors";
import { describe, expect, test, vi } from "vitest";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("waiting for an abort", () => {
  test("one listener of the platform serves all, and goes with the last", () => {
    const { signal } = new AbortController();
    const ends = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
    expect(listeners(signal)).toBe(1);
    for (const end of ends.slice(1)) end();
    expect(listeners(signal)).toBe(1);
    ends[0]?.();
    expect(listeners(signal)).toBe(0);
    // Whoever ends twice does not take it away from those that came later.
    onAbort(signal, () => {});
    ends[0]?.();
    expect(listeners(signal)).toBe(1);
  });

  test("each waiter is called once, in the order they came", () => {
    const controller = new AbortController();
    const calls: number[] = [];
    const same = (): void => void calls.push(0);
    onAbort(controller.signal, same);
    onAbort(controller.signal, same);
    onAbort(controller.signal, () => calls.push(1));
    controller.abort();
    controller.abort();
    expect(calls).toEqual([0, 0, 1]);
    expect(listeners(controller.signal)).toBe(0);
  });

  test("a waiter that another one takes off is not called", () => {
    const controller = new AbortController();
    const late = vi.fn();
    onAbort(controller.signal, () => endLate());
    const endLate = onAbort(controller.signal, late);
    controller.abort();
    expect(late).not.toHaveBeenCalled();
  });

  test("nothing happens for a signal that is aborted already, or for none", () => {
    const waiter = vi.fn();
    onAbort(AbortSignal.abort(), waiter)();
    onAbort(undefined, waiter)();
    expect(waiter).not.toHaveBeenCalled();
  });
});
