import { randomBytes } from "node:crypto";
import { Client, createAccount, type ReceivedText, type SendResult } from "session-messenger-sdk";
import type { UploadProgress } from "session-messenger-sdk/client";
import type { Attachment, FileProgress } from "session-messenger-sdk/files";
import { encodeMessage } from "session-messenger-sdk/messages";
import { customNetwork } from "session-messenger-sdk/network";
import { openStore } from "session-messenger-sdk/store";
import { startTestnet, type Testnet } from "session-messenger-sdk/testnet";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectSame } from "../files/support.js";

// A PNG of 2 × 3 pixels as far as its head goes.
const png = new Uint8Array(
  Buffer.from("89504e470d0a1a0a0000000d4948445200000002000000030802000000368849d6", "hex"),
);
const DAY = 86_400_000;

let net: Testnet;
let time = 0;
const opened: Client[] = [];

async function open(options: Partial<Parameters<typeof Client.open>[0]> = {}): Promise<Client> {
  const client = await Client.open({ network: net.network, polling: false, ...options });
  opened.push(client);
  return client;
}

/** The texts that a client receives from now on. */
function collect(client: Client): ReceivedText[] {
  const messages: ReceivedText[] = [];
  client.on("message", (message) => messages.push(message));
  return messages;
}

/** The only attachment of the only message. */
function only(messages: readonly ReceivedText[]): Attachment {
  expect(messages).toHaveLength(1);
  expect(messages[0]?.attachments).toHaveLength(1);
  return messages[0]!.attachments[0]!;
}

/** Alice sends `file` to Bob, who gets its pointer. */
async function delivered(file: {
  readonly data: Uint8Array;
}): Promise<{ bob: Client; attachment: Attachment }> {
  const [alice, bob] = [await open(), await open()];
  const received = collect(bob);
  await alice.send(bob.sessionId, { attachments: [file] });
  await bob.poll();
  return { bob, attachment: only(received) };
}

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const messagesAt = (client: Client): number => net.messagesOf(client.sessionId).length;

beforeAll(async () => {
  net = await startTestnet({
    nodes: 12,
    swarms: 2,
    seed: "client files",
    fileServer: { now: () => Date.now() + time },
  });
});
afterAll(() => net.close());
afterEach(async () => {
  time = 0;
  net.fileServer.failWith(undefined);
  net.fileServer.stall(false);
  for (const node of net.nodes) node.faults.clear();
  for (const client of opened.splice(0)) await client.close();
});

describe("a message with files", () => {
  test("brings a picture and a file of 1 MB over three hops, name, type and size with them", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    const file = bytes(1_000_000);
    const hosts: string[] = [];
    const stop = net.on((event) => {
      if (event.type === "onion" && event.role === "server") hosts.push(`http://${event.host}`);
    });
    await alice.send(bob.sessionId, {
      text: "look",
      attachments: [
        { data: png, fileName: "dot.png", contentType: "image/png", width: 2, height: 3 },
        { data: pieces(file, 70_001), size: file.length, fileName: "data.bin" },
      ],
    });
    await bob.poll();
    expect(received).toMatchObject([
      {
        text: "look",
        attachments: [
          { fileName: "dot.png", contentType: "image/png", size: png.length, width: 2, height: 3 },
          { fileName: "data.bin", contentType: "application/octet-stream", size: 1_000_000 },
        ],
      },
    ]);
    const [first, second] = received[0]?.attachments ?? [];
    expect([first?.isVoiceMessage, first?.scheme, second?.width]).toEqual([false, "legacy", undefined]);
    expectSame(await bob.download(first!), png);
    expectSame(await bob.download(second!), file);
    stop();
    // Two uploads and two downloads, all through onion requests; on the server nothing is in clear.
    expect(hosts).toEqual(Array(4).fill(net.fileServer.url));
    const secrets = [Buffer.from(png), Buffer.from(file.subarray(0, 32))];
    const blobs = net.fileServer.files().map(({ data }) => Buffer.from(data));
    expect(blobs.some((blob) => secrets.some((secret) => blob.includes(secret)))).toBe(false);
  });

  test("as a voice message has the flag, no text, the type it is given or audio/mp3", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    const recording = bytes(1_000_000);
    await alice.send(bob.sessionId, { voice: { data: recording, contentType: "audio/aac" } });
    await alice.send(bob.sessionId, { voice: { data: bytes(100) } });
    await bob.poll();
    expect(received).toMatchObject([
      { text: "", attachments: [{ isVoiceMessage: true, contentType: "audio/aac", size: 1_000_000 }] },
      { text: "", attachments: [{ isVoiceMessage: true, contentType: "audio/mp3", size: 100 }] },
    ]);
    expect(received[0]?.content.dataMessage?.attachments?.[0]?.flags).toBe(1);
    expect(received[0]?.content.dataMessage?.body).toBeUndefined();
    expectSame(await bob.download(received[0]!.attachments[0]!), recording);
  });

  test("may quote, and may be quoted", async () => {
    const [alice, bob] = [await open(), await open()];
    const atBob = collect(bob);
    const atAlice = collect(alice);
    const picture = await alice.send(bob.sessionId, { attachments: [{ data: png }] });
    await bob.poll();
    await bob.send(alice.sessionId, { voice: { data: bytes(9) }, quote: atBob[0]! });
    await alice.poll();
    expect(atAlice[0]?.quote).toEqual({ author: alice.sessionId, timestamp: picture.timestamp });
    expect(only(atAlice).size).toBe(9);
  });

  test("may have a preview with an image, which is uploaded without padding", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    const url = "https://example.org/page";
    const preview = { url, title: "A page", image: { data: png, contentType: "image/png" } };
    await alice.send(bob.sessionId, { text: `see ${url}`, preview });
    await bob.poll();
    expect(received).toMatchObject([{ attachments: [], preview: { url, title: "A page" } }]);
    const image = received[0]?.preview?.image;
    expectSame(await bob.download(image!), png);
    // Initialisation vector, whole blocks, authentication code.
    expect(net.fileServer.files().at(-1)?.data).toHaveLength(16 + 48 + 32);
  });

  test("is uploaded once: the other device of the sender gets the same file, as a copy", async () => {
    const account = createAccount();
    const [phone, laptop, bob] = [await open({ account }), await open({ account }), await open()];
    const [onLaptop, atBob] = [collect(laptop), collect(bob)];
    const file = bytes(2_000);
    const before = net.fileServer.files().length;
    await phone.send(bob.sessionId, { attachments: [{ data: file, fileName: "both.bin" }] });
    expect(net.fileServer.files()).toHaveLength(before + 1);
    await Promise.all([laptop.poll(), bob.poll()]);
    expect(onLaptop).toMatchObject([{ outgoing: true, conversation: bob.sessionId }]);
    expect(only(onLaptop)).toEqual(only(atBob));
    expectSame(await laptop.download(only(onLaptop)), file);
  });

  test("in the stream scheme: sent twice it is on the server once", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    const file = bytes(50_000);
    const before = net.fileServer.files().length;
    for (const data of [file, pieces(file, 999)])
      await alice.send(bob.sessionId, { attachments: [{ data }] }, { scheme: "stream" });
    expect(net.fileServer.files()).toHaveLength(before + 1);
    await bob.poll();
    expect(received).toHaveLength(2);
    for (const { attachments } of received) {
      expect(attachments[0]?.scheme).toBe("stream");
      expectSame(await bob.download(attachments[0]!), file);
    }
  });

  test("waits in the outbox with its pointers: what a run could not send, the next one sends without an upload", async () => {
    const store = await openStore();
    const bob = await open();
    const received = collect(bob);
    const alice = await open({ store, closeTimeoutMs: 0 });
    await alice.send(alice.sessionId, { text: "so that time and paths are known" });
    const data = bytes(3_000);
    // The network falls silent when the upload is done: the message is not out.
    const silence = ({ loaded, total }: UploadProgress): void => {
      if (loaded === total) for (const node of net.nodes) node.faults.drop();
    };
    const sending = alice.send(bob.sessionId, { attachments: [{ data }] }, { onProgress: silence });
    const ended = expect(sending).rejects.toMatchObject({ code: "CLOSED" });
    while ((await store.outbox()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await alice.close();
    await ended;
    for (const node of net.nodes) node.faults.clear();
    const uploads = net.fileServer.files().length;
    const again = await open({ store });
    const sent = new Promise((resolve) => again.on("sent", resolve));
    await sent;
    expect(net.fileServer.files()).toHaveLength(uploads);
    for (let i = 0; i < 10 && received.length === 0; i++) await bob.poll();
    expectSame(await bob.download(only(received)), data);
    await again.close();
    await store.close();
  }, 60_000);

  test("stays in the inbox with its files until the app has taken it", async () => {
    const store = await openStore();
    const alice = await open();
    const bob = await open({ store });
    const data = bytes(100);
    await alice.send(bob.sessionId, { attachments: [{ data }] });
    await bob.poll();
    await bob.close();
    const again = await open({ store });
    const received = collect(again);
    await again.poll();
    expectSame(await again.download(only(received)), data);
    await again.close();
    await store.close();
  });
});

describe("progress", () => {
  test("of uploads by file, of downloads by bytes; it grows to the end", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    const ups: UploadProgress[] = [];
    const downs: FileProgress[] = [];
    const attachments = [{ data: bytes(1_000_000) }, { data: bytes(10) }];
    await alice.send(bob.sessionId, { attachments }, { onProgress: (progress) => ups.push(progress) });
    await bob.poll();
    await bob.download(received[0]!.attachments[0]!, { onProgress: (progress) => downs.push(progress) });
    expect(ups.every(({ count, direction }) => count === 2 && direction === "upload")).toBe(true);
    for (const seen of [
      ups.filter(({ index }) => index === 0),
      ups.filter(({ index }) => index === 1),
      downs,
    ]) {
      const loaded = seen.map((progress) => progress.loaded);
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
      expect(seen.at(-1)?.loaded).toBe(seen.at(-1)?.total);
    }
    expect(ups.length).toBeGreaterThan(4);
    expect(downs.at(-1)?.direction).toBe("download");
  });
});

describe("abort", () => {
  test("in the middle of an upload: ABORTED, and no message is sent", async () => {
    const [alice, bob] = [await open(), await open()];
    const controller = new AbortController();
    const sending = alice.send(
      bob.sessionId,
      { attachments: [{ data: bytes(2_000_000) }] },
      {
        signal: controller.signal,
        onProgress: ({ loaded }) => {
          if (loaded > 0) controller.abort();
        },
      },
    );
    await expect(sending).rejects.toMatchObject({ name: "SessionError", code: "ABORTED" });
    await alice.send(bob.sessionId, { text: "next" });
    expect(messagesAt(bob)).toBe(1);
  });

  test("while a file that is read does not go on", async () => {
    const [alice, bob] = [await open(), await open()];
    const controller = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield bytes(10);
      controller.abort();
      await new Promise(() => {});
    }
    const sending = alice.send(
      bob.sessionId,
      { attachments: [{ data: stuck() }] },
      { signal: controller.signal },
    );
    await expect(sending).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("of a download, by its signal or by closing the client", async () => {
    const { bob, attachment } = await delivered({ data: bytes(1_000) });
    net.fileServer.stall();
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    await expect(bob.download(attachment, options)).rejects.toMatchObject({ code: "ABORTED" });
    const download = bob.download(attachment);
    const closed = expect(download).rejects.toMatchObject({ code: "CLOSED" });
    await bob.close();
    await closed;
    await expect(bob.download(attachment)).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("trouble with files", () => {
  test("expired ones are FILE_NOT_FOUND", async () => {
    const { bob, attachment } = await delivered({ data: bytes(100) });
    time = 22 * DAY;
    await expect(bob.download(attachment)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });

  test("one that the server finds too large is FILE_TOO_LARGE, and no message is sent", async () => {
    const [alice, bob] = [await open(), await open()];
    net.fileServer.failWith(413);
    const sending = alice.send(bob.sessionId, { text: "hi", attachments: [{ data: bytes(100) }] });
    await expect(sending).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    expect(messagesAt(bob)).toBe(0);
  });

  test("one that was changed on the server, or is not of this key, is FILE_CORRUPT", async () => {
    const { bob, attachment } = await delivered({ data: bytes(1_000) });
    const { attachment: other } = await delivered({ data: bytes(1_000) });
    const key = other.key!;
    await expect(bob.download({ ...attachment, key })).rejects.toMatchObject({ code: "FILE_CORRUPT" });
    const swapped = { ...attachment, url: other.url };
    await expect(bob.download(swapped)).rejects.toMatchObject({
      code: "FILE_CORRUPT",
      details: { reason: "mac" },
    });
    await expect(bob.download({ ...attachment, size: 1_000_000 })).rejects.toMatchObject({
      code: "FILE_CORRUPT",
    });
  });

  test("a larger one than the app takes is FILE_TOO_LARGE, whatever it says of itself", async () => {
    const { bob, attachment } = await delivered({ data: bytes(100_000) });
    for (const size of [100_000, 10]) {
      const download = bob.download({ ...attachment, size }, { maxBytes: 50_000 });
      await expect(download).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    }
  });

  test("what is wrong before anything is sent: nothing reaches the server", async () => {
    const alice = await open();
    const data = bytes(10);
    const before = net.fileServer.files().length;
    const large = new Uint8Array(10_000_001);
    const attempts: ReadonlyArray<readonly [unknown, string]> = [
      [{ attachments: Array(33).fill({ data }) }, "MESSAGE_TOO_MANY_ATTACHMENTS"],
      [{ attachments: [{ data }, { data: large }] }, "FILE_TOO_LARGE"],
      [{ attachments: [{ data }, { data: pieces(data, 5), size: 10_000_001 }] }, "FILE_TOO_LARGE"],
      [{ voice: { data: large } }, "FILE_TOO_LARGE"],
      [{ attachments: [{ data }, { data: new Uint8Array(0) }] }, "FILE_EMPTY"],
      [{ attachments: [] }, "MESSAGE_EMPTY"],
      [{ voice: { data }, text: "words" }, "INVALID_ARGUMENT"],
      [{ voice: { data }, attachments: [{ data }] }, "INVALID_ARGUMENT"],
      [{ attachments: { data } }, "INVALID_ARGUMENT"],
      [{ attachments: ["file.txt"] }, "INVALID_ARGUMENT"],
      [{ attachments: [{ data: "text" }] }, "INVALID_ARGUMENT"],
      [{ attachments: [{ data, fileName: 7 }] }, "INVALID_ARGUMENT"],
      [{ attachments: [{ data, width: -1 }] }, "INVALID_ARGUMENT"],
      [{ attachments: [{ data: pieces(data, 5), size: 1.5 }] }, "INVALID_ARGUMENT"],
    ];
    for (const [content, code] of attempts) {
      const sending: Promise<SendResult> = alice.send(alice.sessionId, content as never);
      await expect(sending, code).rejects.toMatchObject({
        name: "SessionError",
        code,
      });
    }
    expect(net.fileServer.files()).toHaveLength(before);
    expect(messagesAt(alice)).toBe(0);
  });

  test("pieces that are none, or not as many as was said, end the send", async () => {
    const alice = await open();
    for (const file of [{ data: [1, 2, 3] }, { data: pieces(bytes(10), 5), size: 11 }]) {
      const sending = alice.send(alice.sessionId, { attachments: [file as never] });
      await expect(sending).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(messagesAt(alice)).toBe(0);
  });

  test("a server that stays away is SEND_FAILED, with the reason", async () => {
    const gone = { ...net.network.fileServer!, url: "http://127.0.0.1:9" };
    const alice = await open({ network: { ...net.network, fileServer: gone } });
    const sending = alice.send(alice.sessionId, { attachments: [{ data: bytes(10) }] });
    await expect(sending).rejects.toMatchObject({ code: "SEND_FAILED", cause: { name: "SessionError" } });
  });

  test("a network without a file server is FILE_SERVER_UNKNOWN", async () => {
    const network = customNetwork({ seeds: [net.seedUrl], allowPrivateAddresses: true });
    const alice = await open({ network });
    const sending = alice.send(alice.sessionId, { attachments: [{ data: bytes(10) }] });
    await expect(sending).rejects.toMatchObject({ code: "FILE_SERVER_UNKNOWN" });
  });

  test("pointers of strangers: hostile names are harmless, a wrong address or key is an error of its own", async () => {
    const bob = await open();
    const received = collect(bob);
    const stranger = createAccount();
    const key = bytes(64);
    const pointers = [
      { id: 1n, key, fileName: "../‮gpj.\u0000exe", url: "http://127.0.0.1/file/1" },
      { id: 1n, key, url: "file:///etc/passwd" },
      { id: 1n, key },
      { id: 1n, url: `${net.fileServer.url}/file/1` },
      { id: 1n, key: bytes(3), url: `${net.fileServer.url}/file/1` },
    ];
    const encoded = encodeMessage(
      { kind: "text", attachments: pointers },
      { sender: stranger, recipient: bob.sessionId, timestamp: Date.now() },
    );
    await storeFor(bob, encoded.data);
    await bob.poll();
    const attachments = received[0]?.attachments ?? [];
    expect(attachments[0]?.fileName).toBe("../\ufffdgpj.exe");
    const codes = await Promise.all(
      attachments.map((attachment) => bob.download(attachment).catch(({ code }: { code: string }) => code)),
    );
    expect(codes).toEqual([
      "FILE_SERVER_UNKNOWN",
      "FILE_URL_INVALID",
      "FILE_URL_INVALID",
      "FILE_KEY_INVALID",
      "FILE_KEY_INVALID",
    ]);
  });
});

describe("avatars", () => {
  test("travel with the next message and are downloaded by who gets it", async () => {
    const [alice, bob] = [await open(), await open()];
    const received = collect(bob);
    await alice.setProfile({ name: "Alice" });
    const profile = await alice.setAvatar(png);
    expect(profile.name).toBe("Alice");
    await alice.send(bob.sessionId, { text: "my new picture" });
    await bob.poll();
    expectSame(await bob.downloadAvatar(received[0]!.profile!), png);
    expectSame(await bob.downloadAvatar(bob.getProfile(alice.sessionId)!), png);
    expect((await alice.setProfile({ picture: null })).picture).toBeUndefined();
    for (const profile of [{ updatedAt: 0 }, undefined])
      await expect(bob.downloadAvatar(profile)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test("a direct network posts to the server itself", async () => {
  const alice = await open({
    network: customNetwork({
      seeds: [net.seedUrl],
      allowPrivateAddresses: true,
      direct: true,
      fileServer: net.fileServer,
    }),
  });
  const received = collect(alice);
  const relayed: string[] = [];
  const stop = net.on(({ type }) => relayed.push(type));
  const data = bytes(5_000);
  await alice.send(alice.sessionId, { attachments: [{ data }] });
  stop();
  expect(relayed).not.toContain("onion");
  const other = await open({ account: alice.account });
  const copies = collect(other);
  await other.poll();
  expectSame(await alice.download(only(copies)), data);
  expect(received).toEqual([]);
});

/** Stores bytes in the inbox of `client`, as a stranger with another client would. */
async function storeFor(client: Client, data: Uint8Array): Promise<void> {
  const [node] = net.swarmOf(client.sessionId);
  const request = JSON.stringify({
    method: "store",
    params: {
      pubkey: client.sessionId,
      namespace: 0,
      timestamp: Date.now(),
      ttl: DAY,
      data: Buffer.from(data).toString("base64"),
    },
  });
  await client.network.call(
    { ...node!, swarmId: node!.swarmId },
    JSON.parse(request) as { method: string; params: Record<string, unknown> },
  );
}
