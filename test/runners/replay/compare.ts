/**
 * Compares a recorded answer with one of the test network: same members and types, equal values wherever they do not
 * depend on the node or the moment.
 */
import { verify } from "node:crypto";
import type { Json } from "../op.js";
import { parseExactly } from "./recording.js";
import { show } from "./report.js";

/** What the comparison may know. */
export interface Moment {
  /** The clock of the recording at this answer, which was also the test network's. */
  readonly now: number;
  /** How far clocks of nodes were apart during the call. */
  readonly tolerance: number;
  /** The request as text: what stands there does not depend on the moment. */
  readonly request: string;
  /** False when the nodes' signing keys are not recorded. */
  readonly signatures: boolean;
  /** The texts that nodes signed in this answer. */
  readonly signed?: ReadonlyArray<{ readonly message: string }> | undefined;
  /** Hashes that some recorded answer reports as stored; others were stored between the recorded requests. */
  readonly stored?: ReadonlySet<string> | undefined;
}

/** Members that depend on where a node listens, or on the chain at the time. */
const INCIDENTAL: ReadonlySet<string> = new Set([
  ...["ip", "port", "port_https", "port_omq", "port_quic", "public_ip", "storage_port", "storage_lmq_port"],
  ...["height", "block_hash", "snode_revision", "target_height"],
]);

/** Lists of hashes that a call reached. */
const REACHED: ReadonlySet<string> = new Set(["deleted", "updated"]);

/** Lists whose order is nobody's business: of nodes. */
const NODE_LISTS: ReadonlySet<string> = new Set(["snodes", "service_node_states"]);

const THIRTY_DAYS = 30 * 24 * 3600 * 1000;

const kindOf = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

/** The differences between two JSON values. */
export function compareJson(recorded: Json, got: Json, moment: Moment, path = ""): string[] {
  if (kindOf(recorded) !== kindOf(got)) {
    return [
      `${path || "body"}: expected ${kindOf(recorded)} ${show(recorded)}, got ${kindOf(got)} ${show(got)}`,
    ];
  }
  if (Array.isArray(recorded)) return compareArrays(recorded, got, moment, path);
  if (kindOf(recorded) === "object") return compareObjects(recorded, got, moment, path);
  const key = path.split(".").at(-1) ?? "";
  if (recorded === got || INCIDENTAL.has(key) || isSameMoment(recorded, got, moment)) return [];
  if (typeof recorded === "string" && isShortened(recorded, got)) return [];
  return [`${path || "body"}: expected ${show(recorded)}, got ${show(got)}`];
}

function compareObjects(recorded: Json, got: Json, moment: Moment, path: string): string[] {
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(got)])];
  return keys.flatMap((key) => {
    const inner = path === "" ? key : `${path}.${key}`;
    if (!Object.hasOwn(got, key)) return [`${inner}: missing`];
    if (!Object.hasOwn(recorded, key)) return [`${inner}: not in the recording (${show(got[key])})`];
    if (key === "signature" && recorded[key] !== got[key])
      return compareSignatures(recorded, got, moment, inner);
    if (REACHED.has(key))
      return compareJson(withoutUnrecorded(recorded[key], moment), got[key], moment, inner);
    if (NODE_LISTS.has(key)) return compareJson(byKey(recorded[key]), byKey(got[key]), moment, inner);
    return compareJson(recorded[key], got[key], moment, inner);
  });
}

function compareArrays(recorded: Json[], got: Json[], moment: Moment, path: string): string[] {
  const shortened = /^\.\.\.\((\d+) items\)$/.exec(String(recorded.at(-1)));
  const expected = shortened === null ? recorded : recorded.slice(0, -1);
  const length = shortened === null ? recorded.length : Number(shortened[1]);
  if (got.length !== length) return [`${path}: expected ${length} entries, got ${got.length} (${show(got)})`];
  return expected.flatMap((item, index) => compareJson(item, got[index], moment, `${path}.${index}`));
}

/** Another signature is right only if it is over what the node says now, where the recording says what it was then. */
function compareSignatures(recorded: Json, got: Json, moment: Moment, path: string): string[] {
  if (!moment.signatures) return compareJson(typeof recorded.signature, typeof got.signature, moment, path);
  const node = path.split(".").at(-2) ?? "";
  const unrecorded = hashesIn(recorded.deleted ?? recorded.updated).filter(
    (hash) => !moment.stored?.has(hash),
  );
  const mayDiffer = unrecorded.length > 0 || recorded.expiry !== got.expiry;
  const texts = (mayDiffer ? (moment.signed ?? []) : []).map(({ message }) => {
    let text = message.startsWith("hex:") ? Buffer.from(message.slice(4), "hex").toString("latin1") : message;
    if (typeof recorded.expiry === "number") text = text.replace(String(recorded.expiry), String(got.expiry));
    for (const hash of unrecorded) text = text.replace(hash, "");
    return Buffer.from(text, "latin1");
  });
  if (texts.some((text) => isSigned(text, got.signature, node))) return [];
  return [`${path}: expected ${recorded.signature}, got ${got.signature}`];
}

/** The recorded hashes without those of messages that no recorded request stored: nobody knows what was in them. */
function withoutUnrecorded(recorded: Json, { stored }: Moment): Json {
  if (stored === undefined) return recorded;
  if (Array.isArray(recorded)) return recorded.filter((hash) => stored.has(hash));
  const lists = Object.entries<Json>(recorded).map(([name, hashes]) => [
    name,
    hashes.filter((hash: string) => stored.has(hash)),
  ]);
  return Object.fromEntries(lists.filter(([, hashes]) => hashes.length > 0));
}

const hashesIn = (reached: Json): string[] => Object.values<Json>(reached ?? {}).flat();

function isSigned(text: Uint8Array, signature: string, nodeKey: string): boolean {
  const key = { kty: "OKP", crv: "Ed25519", x: Buffer.from(nodeKey, "hex").toString("base64url") };
  try {
    return verify(null, text, { key, format: "jwk" }, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

/** Both are the clock, or the furthest expiry there is, by the clock of some node; neither stands in the request. */
function isSameMoment(recorded: Json, got: Json, { now, tolerance, request }: Moment): boolean {
  if (typeof recorded !== "number" || request.includes(String(recorded))) return false;
  return [now, now + THIRTY_DAYS].some(
    (time) => Math.abs(recorded - time) <= tolerance && Math.abs(got - time) <= tolerance,
  );
}

function isShortened(recorded: string, got: string): boolean {
  const shortened = /^(.*)\.\.\.\((\d+) chars\)$/.exec(recorded);
  return shortened !== null && got.length === Number(shortened[2]) && got.startsWith(shortened[1] ?? "");
}

function byKey(nodes: Json): Json {
  if (!Array.isArray(nodes)) return nodes;
  return [...nodes].sort((a, b) => (a?.pubkey_ed25519 < b?.pubkey_ed25519 ? -1 : 1));
}

/** The differences between two texts of errors, up to what depends on a JSON parser or a stop-watch. */
export function compareText(recorded: string, got: string): string[] {
  return errorClass(recorded) === errorClass(got)
    ? []
    : [`text: expected ${show(recorded)}, got ${show(got)}`];
}

function errorClass(text: string): string {
  return text
    .replace(/(\[json\.exception).*$/s, "$1")
    .replace(/after \d+ ms/, "after N ms")
    .trim();
}

/** The differences between a recorded body (text or JSON text) and one that came. */
export function compareBody(recorded: Json, got: string, moment: Moment): string[] {
  const json =
    recorded.raw === undefined ? (recorded.json ?? recorded.json_shortened) : parseExactly(recorded.raw);
  if (json === undefined) return compareText(recorded.text ?? "", got);
  try {
    return compareJson(json, recorded.raw === undefined ? JSON.parse(got) : parseExactly(got), moment);
  } catch {
    return [`body: expected JSON, got ${show(got)}`];
  }
}
