/**
 * `npm run -s build:js && npx tsx --tsconfig tsconfig.run.json bench/poll.ts [messages]`: what it takes to read a poll of
 * 1,000 messages of all kinds, from the reply's JSON to typed messages: messages a second with each backend, and where
 * the time goes. The whole is timed undisturbed; the shares come from a second run in which each call of the backend,
 * and the protobuf codec alone on the same bytes, are timed.
 */
import { bytesToBase64 } from "session-messenger-sdk/bytes";
import type { Crypto } from "session-messenger-sdk/crypto";
import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { portableCrypto } from "session-messenger-sdk/crypto/portable";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import {
  decodeContent,
  decodeMessage,
  decryptFromSender,
  encodeMessage,
  type OutgoingMessage,
  unpadMessage,
  unwrapEnvelope,
} from "session-messenger-sdk/messages";
import { messageHash, retrieveCall, userAuth } from "session-messenger-sdk/swarm";

const COUNT = Number(process.argv[2] ?? 1_000);
const NOW = 1_800_000_000_000;
const ROUNDS = 5;

const account = (byte: number): Account => accountFromSeed(new Uint8Array(16).fill(byte), nodeCrypto);
const me = account(1);
const friends = [2, 3, 4, 5, 6, 7, 8, 9].map(account);

const text = "Shall we meet at the station? I have the tickets. ".repeat(3);
const profile = { name: "A friend", updatedAt: 1_700_000_000 };
const target = (index: number) => ({ author: me.sessionId, timestamp: NOW - index });
const pointer = {
  id: 0n,
  contentType: "image/jpeg",
  key: new Uint8Array(64).fill(7),
  digest: new Uint8Array(32).fill(8),
  size: 345_678,
  fileName: "holiday.jpg",
  width: 4000,
  height: 3000,
  url: `http://filev2.getsession.org/file/${"A".repeat(44)}`,
};

/** Twenty messages as they come in a day: mostly texts, and what goes along. */
function message(index: number): OutgoingMessage {
  const kind = index % 20;
  if (kind < 8) return { kind: "text", text, profile };
  if (kind < 10) return { kind: "text", text, quote: target(index), profile };
  if (kind < 12) return { kind: "text", attachments: [pointer, pointer], profile };
  if (kind < 15) return { kind: "reaction", target: target(index), emoji: "👍", action: "add", profile };
  if (kind < 17) return { kind: "receipt", timestamps: [NOW - index] };
  if (kind < 18) return { kind: "typing", typing: true };
  if (kind < 19) return { kind: "timer-update", expiration: { mode: "after-read", seconds: 3600 } };
  return { kind: "unsend", target: { ...target(index), author: author(index).sessionId } };
}

function author(index: number): Account {
  return friends[index % friends.length] ?? me;
}

/** The reply of a node, as text. */
const reply = JSON.stringify({
  messages: Array.from({ length: COUNT }, (_, index) => {
    const timestamp = NOW - index;
    const sender = author(index);
    const { data } = encodeMessage(message(index), {
      sender,
      recipient: me.sessionId,
      timestamp,
      crypto: nodeCrypto,
    });
    const hash = messageHash(me.sessionId, 0, data, nodeCrypto);
    return { hash, data: bytesToBase64(data), timestamp, expiration: timestamp + 1_209_600_000 };
  }),
  more: false,
});

/** Reads the reply; gives the number of messages. */
function poll(crypto: Crypto): number {
  const auth = userAuth(me, crypto);
  const call = retrieveCall({ pubkey: me.sessionId, namespace: 0, auth, timestamp: NOW }, crypto);
  const { messages } = call.read(JSON.parse(reply), {});
  const results = messages.map((item) => decodeMessage(item, { account: me, now: NOW, crypto }));
  return results.filter(({ kind }) => kind === "message").length;
}

/** Milliseconds that the protobuf codec takes for the same bytes. */
function protobuf(crypto: Crypto): number {
  const { messages } = JSON.parse(reply) as { messages: Array<{ data: string }> };
  const stored = messages.map(({ data }) => new Uint8Array(Buffer.from(data, "base64")));
  const contents = stored.map((data) =>
    unpadMessage(decryptFromSender(unwrapEnvelope(data).content, me.x25519, crypto).message),
  );
  return best(() => {
    for (const data of stored) unwrapEnvelope(data);
    for (const content of contents) decodeContent(content);
  });
}

/** `crypto` with a clock on every operation. Times nest nowhere: no operation calls another through the interface. */
function timed(crypto: Crypto, times: Map<string, number>): Crypto {
  return new Proxy(crypto, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        const started = performance.now();
        const result: unknown = member.apply(target, args);
        times.set(String(name), (times.get(String(name)) ?? 0) + performance.now() - started);
        return result;
      };
    },
  });
}

const PUBLIC_KEY = /^(ed25519|x25519|sealedBox|scalar|point|isValidPoint)/;

function best(task: () => unknown, rounds = ROUNDS): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    task();
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`.padStart(9);

console.log(`a poll of ${COUNT} messages, ${(reply.length / 1e6).toFixed(2)} MB of JSON`);
console.log("backend    messages/s     ms  public-key  protobuf  other crypto  the rest");
for (const crypto of [nodeCrypto, portableCrypto]) {
  if (poll(crypto) !== COUNT) throw new Error("a message was not read");
  const rounds = crypto === nodeCrypto ? ROUNDS : 2;
  const whole = best(() => poll(crypto), rounds);
  const times = new Map<string, number>();
  const started = performance.now();
  poll(timed(crypto, times));
  const instrumented = performance.now() - started;
  const sum = (wanted: boolean): number =>
    [...times].reduce((total, [name, ms]) => total + (PUBLIC_KEY.test(name) === wanted ? ms : 0), 0);
  const [publicKey, other, proto] = [sum(true), sum(false), protobuf(crypto)];
  const rest = Math.max(0, instrumented - publicKey - other - proto);
  console.log(
    `${crypto.name.padEnd(10)} ${((1000 * COUNT) / whole).toFixed(0).padStart(10)} ${whole.toFixed(0).padStart(6)}` +
      `   ${[publicKey, proto].map((ms) => percent(ms, instrumented)).join(" ")}     ${percent(other, instrumented)} ${percent(rest, instrumented)}`,
  );
}
