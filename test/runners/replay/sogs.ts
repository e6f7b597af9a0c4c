/**
 * Replays recorded exchanges with a real community server against that of the test network.
 *
 * The server gets the recorded one's public key and clock, so the recorded requests are sent byte for byte: signatures,
 * nonces and all. Rooms are created as the recording shows them at its start.
 */
import { startCommunityServer, type TestnetCommunity } from "session-messenger-sdk/testnet";
import { fromHex, type Json, toHex } from "../op.js";
import { type Report, show } from "./report.js";

/** Requests dated further from the others than this are about wrong clocks, seconds. */
const CLOCK_JUMP = 3600;
/** Members that are a moment of the server's clock, or depend on its background work. */
const MOMENTS: ReadonlySet<string> = new Set([
  ...["posted", "edited", "created", "pinned_at", "at", "posted_at", "expires_at", "active_users"],
]);

/** Replays the exchanges of a file, each server's on a server of its own. */
export async function replaySogs(name: string, file: Json, report: Report): Promise<void> {
  const exchanges: Json[] = file.cases.filter((testCase: Json) => testCase.op === "sogs.exchange");
  const servers = [...new Set(exchanges.map(({ input }) => input.server))];
  for (const server of servers) {
    await replayServer(
      name,
      file,
      exchanges.filter(({ input }) => input.server === server),
      report,
    );
  }
}

async function replayServer(name: string, file: Json, exchanges: Json[], report: Report): Promise<void> {
  const [first] = exchanges;
  const blinding: boolean =
    file.servers?.[first.input.server]?.requires_blinding ?? first.input.server === "blind";
  const clock = new RecordedClock(exchanges);
  await using community = await startCommunityServer({
    keys: { publicKey: fromHex(first.input.server_pk) },
    requireBlinding: blinding,
    rooms: roomsOf(exchanges),
    now: () => clock.now,
  });
  const lastHello = exchanges.findLastIndex((exchange) => exchange.name.includes("-hello-"));
  const admin: string | undefined = file.accounts?.admin?.session_id;
  for (const [index, exchange] of exchanges.entries()) {
    clock.move(exchange.input.timestamp_s);
    // What the operator did between the recorded requests.
    if (admin !== undefined && blinding && /-room-as-global-admin$/.test(exchange.name))
      community.setRole(admin, { admin: true, moderator: true, visible: false });
    try {
      report.check(name, exchange.name, await replayExchange(community, exchange, clock));
    } catch (error) {
      report.check(name, exchange.name, [`could not be replayed: ${String(error)}`]);
    }
    if (admin !== undefined && !blinding && index === lastHello)
      community.setRole(admin, { admin: true, moderator: true, visible: true });
  }
}

/** The server's clock by the recorded requests; never twice the same. */
class RecordedClock {
  now: number;

  constructor(exchanges: readonly Json[]) {
    const times = exchanges.flatMap(({ input }) =>
      input.timestamp_s === undefined ? [] : [input.timestamp_s],
    );
    const sorted = times.sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    this.now = (sorted.find((time) => time > median - CLOCK_JUMP) ?? median) * 1000;
  }

  move(seconds: number | undefined): void {
    this.now += 1;
    const isJump = seconds === undefined || Math.abs(seconds - this.now / 1000) > CLOCK_JUMP;
    if (!isJump) this.now = Math.max(this.now, seconds * 1000);
  }
}

/** The rooms that the first list shows; their tokens only, where the recording has no list. */
function roomsOf(exchanges: readonly Json[]): { token: string; name: string; description?: string }[] {
  const listed = exchanges.find(({ input, output }) => input.path === "/rooms" && output.status === 200);
  const single = exchanges.filter(
    ({ input, output }) => /^\/room\/\w+$/.test(input.path) && output.body_json?.token,
  );
  const rooms: Json[] = listed?.output.body_json ?? [];
  return ["test", "lounge"].map((token) => {
    const room =
      rooms.find((candidate) => candidate.token === token) ??
      single.find(({ output }) => output.body_json.token === token)?.output.body_json;
    const { name = token, description } = room ?? {};
    return { token, name, ...(description === undefined ? {} : { description }) };
  });
}

async function replayExchange(
  community: TestnetCommunity,
  { input, output }: Json,
  clock: RecordedClock,
): Promise<string[]> {
  const response = await fetch(community.url + input.path, {
    method: input.method,
    headers: input.request_headers,
    ...(typeof input.body === "string" && input.body !== "" ? { body: Buffer.from(input.body, "hex") } : {}),
  });
  const body = new Uint8Array(await response.arrayBuffer());
  // Failures of the recorded server.
  if (output.status === 500 && response.status >= 400) return [];
  if (response.status !== output.status) {
    const text = Buffer.from(body).toString("utf8");
    return [`status: expected ${output.status}, got ${response.status} (${show(text)})`];
  }
  const type = response.headers.get("content-type") ?? undefined;
  const differences =
    output.headers["content-type"] === type
      ? []
      : [`content-type: expected ${output.headers["content-type"]}, got ${type}`];
  return [
    ...differences,
    ...compareFile(output.headers, response.headers, clock),
    ...compareBody(output, body),
  ];
}

function compareBody(output: Json, body: Uint8Array): string[] {
  if (output.body_json !== undefined)
    return compare(output.body_json, JSON.parse(Buffer.from(body).toString("utf8")), "body");
  // Sentences of errors are nobody's business.
  if (output.body !== undefined && output.status < 400 && toHex(body) !== output.body)
    return [`body: expected ${show(output.body)}, got ${show(toHex(body))}`];
  return [];
}

/** Headers of a download. */
function compareFile(recorded: Json, got: Headers, clock: RecordedClock): string[] {
  const expected = recorded["content-disposition"];
  if (expected === undefined) return [];
  const disposition = got.get("content-disposition");
  const life = (text: string | null): number => Date.parse(text ?? "") - clock.now;
  const isLater = Math.abs(life(recorded.expires) - life(got.get("expires"))) > 5_000;
  return [
    ...(disposition === expected ? [] : [`content-disposition: expected ${expected}, got ${disposition}`]),
    ...(isLater ? [`expires: expected ${recorded.expires}, got ${got.get("expires")}`] : []),
  ];
}

const kindOf = (value: Json): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

function compare(recorded: Json, got: Json, path: string): string[] {
  if (kindOf(recorded) !== kindOf(got)) return [`${path}: expected ${show(recorded)}, got ${show(got)}`];
  if (Array.isArray(recorded)) {
    if (recorded.length !== got.length)
      return [`${path}: expected ${recorded.length} entries, got ${got.length} (${show(got)})`];
    // A reactor is a pair of an id and a moment.
    const isReactor =
      recorded.length === 2 && typeof recorded[0] === "string" && typeof recorded[1] === "number";
    return recorded.flatMap((item, index) =>
      isReactor && index === 1 ? [] : compare(item, got[index], `${path}.${index}`),
    );
  }
  if (kindOf(recorded) === "object") {
    // The body of a failed entry of a batch is a sentence or page in base64.
    const skipped = recorded.code >= 400 && typeof recorded.body === "string" ? "body" : undefined;
    return [...new Set([...Object.keys(recorded), ...Object.keys(got)])].flatMap((key) => {
      const inner = `${path}.${key}`;
      if (!Object.hasOwn(got, key)) return [`${inner}: missing`];
      if (!Object.hasOwn(recorded, key)) return [`${inner}: not in the recording (${show(got[key])})`];
      if (key === skipped || (MOMENTS.has(key) && kindOf(recorded[key]) === kindOf(got[key]))) return [];
      return compare(recorded[key], got[key], inner);
    });
  }
  if (recorded === got || isSameBytes(recorded, got)) return [];
  return [`${path}: expected ${show(recorded)}, got ${show(got)}`];
}

/** Base64 with padding or without. */
function isSameBytes(recorded: Json, got: Json): boolean {
  if (typeof recorded !== "string" || typeof got !== "string") return false;
  return recorded.replace(/=+$/, "") === got.replace(/=+$/, "");
}
