import fc from "fast-check";
import { classifyPathFailure, type PathFailureAction, type PathSymptom } from "session-messenger-sdk/network";
import { describe, expect, test } from "vitest";

const [GUARD, MIDDLE, LAST, TARGET, STRANGER] = ["a1", "b2", "c3", "d4", "e5"].map((pair) =>
  pair.repeat(32),
) as [string, string, string, string, string];
const path = [GUARD, MIDDLE, LAST];
const NODE = { path, destination: TARGET };
const SERVER = { path, destination: undefined };

type Row = [PathSymptom | number, string, PathFailureAction];

/** The rows of docs/protocol/network.md §7.1, spelled out. */
const strikePath = {
  retry: "other-path",
  strikePath: "hops",
  strikeNodes: [],
  probe: false,
  error: "PATH_FAILED",
} as const;
const fromServer = {
  reason: "server-refused",
  retry: "none",
  strikePath: "no",
  strikeNodes: [],
  probe: false,
  error: "SERVER_REFUSED",
} as const;

const bothKinds: Row[] = [
  [
    "offline",
    "",
    { ...strikePath, reason: "offline", retry: "none", strikePath: "no", error: "TRANSPORT_FAILED" },
  ],
  [
    "guard-unreachable",
    "",
    { ...strikePath, reason: "guard-unreachable", strikePath: "count", strikeNodes: [GUARD] },
  ],
  ["unreadable", "", { ...strikePath, reason: "unreadable-reply" }],
  ["hop-error", "", { ...strikePath, reason: "hop-error", retry: "fresh-keys" }],
  [400, "Invalid ciphertext", { ...strikePath, reason: "invalid-ciphertext", retry: "fresh-keys" }],
  [
    400,
    "Error parsing onion request: x",
    { ...strikePath, reason: "invalid-ciphertext", retry: "fresh-keys" },
  ],
  [500, "Invalid response from snode", { ...strikePath, reason: "invalid-hop-response" }],
  [
    502,
    `Next node not found: ${MIDDLE}`,
    { ...strikePath, reason: "hop-not-found", strikePath: "count", removeNode: MIDDLE },
  ],
  [
    502,
    `Next node not found: ${LAST.toUpperCase()}`,
    { ...strikePath, reason: "hop-not-found", strikePath: "count", removeNode: LAST },
  ],
  [
    502,
    `Next node is currently unreachable: ${LAST}`,
    { ...strikePath, reason: "hop-not-found", strikePath: "count", removeNode: LAST },
  ],
  [
    502,
    `502 Bad Gateway\n\nNext node not found: ${LAST}`,
    { ...strikePath, reason: "hop-not-found", strikePath: "count", removeNode: LAST },
  ],
  [502, `Next node not found: ${STRANGER}`, { ...strikePath, reason: "unknown-node-not-found" }],
  [502, `Next node not found: ${GUARD}`, { ...strikePath, reason: "unknown-node-not-found" }],
  [
    503,
    `Snode not ready: ${MIDDLE}`,
    { ...strikePath, reason: "hop-not-ready", strikePath: "count", strikeNodes: [MIDDLE] },
  ],
  [
    503,
    "Service node is not ready: syncing",
    { ...strikePath, reason: "guard-not-ready", strikePath: "count", strikeNodes: [GUARD] },
  ],
  [
    503,
    "Server busy, try again later",
    { ...strikePath, reason: "guard-not-ready", strikePath: "count", strikeNodes: [GUARD] },
  ],
  [500, "Oxen Server error", { ...strikePath, reason: "oxen-server-error", retry: "none", strikePath: "no" }],
];

const toNode: Row[] = [
  [
    "timeout",
    "",
    { ...strikePath, reason: "no-answer", strikeNodes: [TARGET], probe: true, error: "TIMEOUT" },
  ],
  ["connection-lost", "", { ...strikePath, reason: "no-answer", strikeNodes: [TARGET], probe: true }],
  [
    "invalid-reply",
    "",
    {
      ...strikePath,
      reason: "invalid-reply",
      strikePath: "no",
      strikeNodes: [TARGET],
      error: "RESPONSE_INVALID",
    },
  ],
  [406, "clock", { ...strikePath, reason: "unauthenticated-status" }],
  [421, "{}", { ...strikePath, reason: "unauthenticated-status" }],
  [425, "", { ...strikePath, reason: "unauthenticated-status" }],
  [
    502,
    `Next node not found: ${TARGET}`,
    {
      ...strikePath,
      reason: "destination-not-found",
      retry: "other-destination",
      strikePath: "count",
      removeNode: TARGET,
      error: "NODE_UNREACHABLE",
    },
  ],
  [502, "Bad gateway", { ...strikePath, reason: "other-status" }],
  [
    503,
    `Snode not ready: ${TARGET}`,
    {
      ...strikePath,
      reason: "destination-not-ready",
      retry: "other-destination",
      strikePath: "count",
      strikeNodes: [TARGET],
      error: "NODE_UNREACHABLE",
    },
  ],
  [503, "something", { ...strikePath, reason: "other-status" }],
  [
    504,
    "Request time out",
    { ...strikePath, reason: "hop-timeout", strikeNodes: [TARGET], probe: true, error: "TIMEOUT" },
  ],
  [400, "something", { ...strikePath, reason: "other-status" }],
  [500, "something", { ...strikePath, reason: "other-status" }],
  [404, "", { ...strikePath, reason: "other-status" }],
  [302, "", { ...strikePath, reason: "other-status" }],
];

const toServer: Row[] = [
  ["timeout", "", { ...strikePath, reason: "no-answer", probe: true, error: "TIMEOUT" }],
  ["connection-lost", "", { ...strikePath, reason: "no-answer", probe: true }],
  [
    "invalid-reply",
    "",
    { ...strikePath, reason: "invalid-reply", strikePath: "no", error: "RESPONSE_INVALID" },
  ],
  [502, "connection refused", { ...fromServer, reason: "server-unreachable", error: "SERVER_UNREACHABLE" }],
  [504, "Request time out", { ...fromServer, reason: "server-slow", error: "TIMEOUT" }],
  [400, "<html>", fromServer],
  [406, "", fromServer],
  [421, "", fromServer],
  [425, "", fromServer],
  [429, "", fromServer],
  [500, "<html>", fromServer],
  [503, "<html>", fromServer],
  [404, "<html>", fromServer],
];

describe("path failures", () => {
  describe.each([
    ["node", NODE],
    ["server", SERVER],
  ])("on the way to a %s", (_name, context) => {
    test.each(bothKinds)("%s %s", (symptom, body, expected) => {
      expect(classifyPathFailure(symptom, body, context)).toEqual(expected);
    });
  });

  test.each(toNode)("on the way to a node: %s %s", (symptom, body, expected) => {
    expect(classifyPathFailure(symptom, body, NODE)).toEqual(expected);
  });

  test.each(toServer)("on the way to a server: %s %s", (symptom, body, expected) => {
    expect(classifyPathFailure(symptom, body, SERVER)).toEqual(expected);
  });

  test("whatever a hop writes, at most one node goes, and then the path pays too", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .constantFrom(...path, TARGET, STRANGER)
        .chain((key) =>
          fc.constantFrom(
            `Next node not found: ${key}`,
            `Snode not ready: ${key}`,
            `Next node is currently unreachable: ${key}`,
          ),
        ),
    );
    const runs = 100 * Number(process.env["FC_RUNS"] ?? 1);
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        text,
        fc.constantFrom(NODE, SERVER),
        (status, body, context) => {
          const action = classifyPathFailure(status, body, context);
          expect(action.strikeNodes.length).toBeLessThanOrEqual(1);
          if (action.removeNode !== undefined) expect(action.strikePath).not.toBe("no");
          expect([...action.strikeNodes, action.removeNode ?? TARGET]).not.toContain(STRANGER);
          expect(action.removeNode).not.toBe(GUARD);
        },
      ),
      { numRuns: runs },
    );
  });
});
