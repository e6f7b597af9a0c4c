import fc from "fast-check";
import {
  type CommunityCall,
  capabilities,
  communityIdentity,
  decodeCommunityContent,
  decodeInboxItem,
  encodeCommunityContent,
  findMentions,
  inbox,
  mention,
  messagesSince,
  permissions,
  pollInfo,
  type ReadContext,
  reactors,
  readRow,
  rooms,
  scheduledPermissions,
  signRequest,
  signRoomMessage,
  uploadFile,
  verifyCommunityMessage,
} from "session-messenger-sdk/communities";
import { defaultCrypto } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import { parseSessionId } from "session-messenger-sdk/identity";
import { startCommunityServer } from "session-messenger-sdk/testnet";
import { describe, expect, it } from "vitest";
import { ourBackends } from "../support/backends.js";
import { accountOf, runs } from "./support.js";

const SERVER = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const NOW = 1_764_000_000_000;
const context: ReadContext = {
  crypto: defaultCrypto,
  baseUrl: "https://example.org",
  ownIds: new Set(),
  validation: { now: NOW },
};
const blinded = communityIdentity(accountOf(2), "15", SERVER);

/** Whatever is thrown is an error of the library. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    if (isSessionError(error)) return undefined;
    throw error;
  }
}

describe("message signatures", () => {
  for (const crypto of ourBackends) {
    it(`verify for their author and data alone, with the ${crypto.name} backend`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 400 }),
          fc.constantFrom("15" as const, "25" as const, "00" as const),
          fc.nat(511),
          (data, kind, bit) => {
            const identity = communityIdentity(accountOf(2), kind, SERVER, crypto);
            const signature = identity.signMessage(data);
            expect(verifyCommunityMessage(identity.id, data, signature, crypto)).toBe(true);
            const other = communityIdentity(accountOf(3), kind, SERVER, crypto).id;
            expect(verifyCommunityMessage(other, data, signature, crypto)).toBe(false);
            const wrong = signature.slice();
            wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
            expect(verifyCommunityMessage(identity.id, data, wrong, crypto)).toBe(false);
          },
        ),
        runs(crypto.name === "portable" ? 5 : 50),
      );
    });
  }

  it("are refused, not thrown at, whatever they are", () => {
    const author = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(05|15|25)[0-9a-f]{64}$/),
      fc.constantFrom(
        `05${"ff".repeat(32)}`,
        `05ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
        `15${"00".repeat(32)}`,
      ),
    );
    fc.assert(
      fc.property(author, fc.uint8Array(), fc.uint8Array({ maxLength: 65 }), (id, data, signature) => {
        expect(verifyCommunityMessage(id, data, signature)).toBe(false);
      }),
      runs(100),
    );
  });
});

describe("request signatures", () => {
  it("sign the path percent-decoded, and the query as it is", () => {
    const sign = (path: string): string => {
      const { signedBytes } = signRequest({ method: "GET", path }, blinded, {
        serverPublicKey: SERVER,
        timestamp: 1,
        nonce: new Uint8Array(16),
      });
      return Buffer.from(signedBytes.subarray(48)).toString("utf8");
    };
    expect(sign("/room/x/reaction/1/%F0%9F%91%8D")).toBe("1GET/room/x/reaction/1/👍");
    expect(sign("/room/x/reaction/1/👍")).toBe("1GET/room/x/reaction/1/👍");
    expect(sign("/a?x=%20&y")).toBe("1GET/a?x=%20&y");
    expect(sign("/a?")).toBe("1GET/a");
    for (const path of ["a", "", "/%", "/%ff"]) expect(() => sign(path)).toThrow();
  });
});

describe("contents", () => {
  it("come back as they were written", () => {
    const pointer = fc.record({
      id: fc.bigInt({ min: 1n, max: 2n ** 53n }),
      contentType: fc.constant("image/webp"),
      size: fc.nat(),
      url: fc.webUrl(),
    });
    const message = fc.record(
      {
        text: fc.string({ minLength: 1, unit: "binary" }),
        attachments: fc.array(pointer, { maxLength: 3 }),
        quote: fc.record({ timestamp: fc.integer({ min: 1 }), author: fc.constant(blinded.id as string) }),
        blocksMessageRequests: fc.boolean(),
      },
      { requiredKeys: ["text"] },
    );
    fc.assert(
      fc.property(message, fc.constantFrom("community" as const, "inbox" as const), (sent, source) => {
        const data = encodeCommunityContent(sent, source, { timestamp: NOW });
        expect(data.length % 160).toBe(0);
        const origin = { source, from: blinded.id, fromSelf: false, conversation: "x", postedAt: NOW };
        const read = decodeCommunityContent(data, origin, { now: NOW });
        expect(read).toMatchObject({
          kind: "text",
          text: {
            text: sent.text,
            attachments: sent.attachments ?? [],
            blocksMessageRequests: sent.blocksMessageRequests ?? false,
            ...(sent.quote === undefined ? {} : { quote: sent.quote }),
          },
        });
      }),
      runs(100),
    );
  });

  it("never make more than a typed error of any bytes", () => {
    const origin = {
      source: "community",
      from: blinded.id,
      fromSelf: false,
      conversation: "x",
      postedAt: NOW,
    } as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (data) => {
        attempt(() => decodeCommunityContent(data, origin, { now: NOW }));
      }),
      runs(300),
    );
  });
});

describe("replies", () => {
  const signed = signRoomMessage({ text: "x" }, blinded, { timestamp: NOW });
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const row = fc.record(
    {
      id: fc.oneof(fc.nat(), fc.anything()),
      seqno: fc.oneof(fc.nat(), fc.anything()),
      session_id: fc.oneof(fc.constant(blinded.id), fc.string()),
      posted: fc.oneof(fc.constant(NOW / 1000), fc.double(), fc.anything()),
      data: fc.oneof(fc.constant(base64(signed.data)), fc.base64String(), fc.constant(null)),
      signature: fc.oneof(fc.constant(base64(signed.signature)), fc.base64String()),
      reactions: fc.oneof(fc.dictionary(fc.string(), fc.anything()), fc.anything()),
      whisper: fc.anything(),
      whisper_to: fc.anything(),
      deleted: fc.anything(),
      edited: fc.anything(),
    },
    { requiredKeys: [] },
  );

  it("of any shape give a kind of row", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), row), (value) => {
        expect(["message", "deleted", "reactions", "dropped", "unsupported", "invalid"]).toContain(
          readRow(value, "x", context).kind,
        );
      }),
      runs(300),
    );
  });

  it("of any JSON never make more than a typed error", () => {
    const calls: readonly CommunityCall<unknown>[] = [
      capabilities(),
      rooms(),
      pollInfo("x", 0),
      messagesSince("x", 0),
      reactors("x", 1, "x"),
      permissions("x"),
      scheduledPermissions("x"),
      inbox(),
      uploadFile("x", new Uint8Array(1)),
    ];
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.array(row)),
        fc.constantFrom(200, 201, 304),
        (value, status) => {
          for (const call of calls) {
            attempt(() => call.read({ status, headers: {}, body: { kind: "json", value } }, context));
          }
        },
      ),
      runs(100),
    );
  });

  it("of an inbox that do not open are told as such", () => {
    const account = accountOf(2);
    const id = fc.oneof(fc.constant(blinded.id), fc.stringMatching(/^15[0-9a-f]{64}$/));
    fc.assert(
      fc.property(id, id, fc.uint8Array({ maxLength: 200 }), (sender, recipient, message) => {
        const item = { id: 1, sender, recipient, timestamp: NOW, expiresAt: NOW, message } as never;
        const result = decodeInboxItem(item, { account, serverPublicKey: SERVER, validation: { now: NOW } });
        expect(result.kind).toBe("invalid");
      }),
      runs(50),
    );
  });
});

describe("mentions", () => {
  it("are found where they were made", () => {
    const id = fc.stringMatching(/^(05|15|25)[0-9a-f]{64}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^[g-z @]*$/), id), { maxLength: 4 }), (parts) => {
        const text = parts.map(([before, who]) => `${before}${mention(who as never)}`).join("");
        expect(findMentions(text)).toEqual([...new Set(parts.map(([, who]) => who))]);
      }),
      runs(100),
    );
    const me = parseSessionId(`05${"ab".repeat(32)}`);
    expect(findMentions(`@${me.toUpperCase()} @${me}0 @${me.slice(0, 60)} ${me}`)).toEqual([me]);
  });
});

describe("the community server of the test network", () => {
  it("answers any request with a status", async () => {
    await using server = await startCommunityServer();
    const segment = fc.oneof(
      fc.constantFrom(
        "room",
        "lobby",
        "message",
        "messages",
        "since",
        "recent",
        "batch",
        "inbox",
        "user",
        "permissions",
      ),
      fc.constantFrom(blinded.id, "1", "0", "-1", "%", "%ff", "..", "99999999999999999999"),
      fc.stringMatching(/^[!-~]{0,8}$/),
    );
    const body = fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { maxLength: 6 }),
        fc.constantFrom("GET", "POST", "PUT", "DELETE"),
        body,
        fc.boolean(),
        async (segments, method, text, signs) => {
          const path = `/${segments.join("/")}`.replaceAll("#", "");
          const sent = method === "GET" ? new Uint8Array(0) : new TextEncoder().encode(text);
          const key = Uint8Array.from(Buffer.from(server.publicKey, "hex"));
          const identity = communityIdentity(accountOf(2), "15", key);
          const url = new URL(server.url + path);
          const headers = attempt(() =>
            signRequest({ method, path: url.pathname + url.search, body: sent }, identity, {
              serverPublicKey: key,
              timestamp: Math.floor(Date.now() / 1000),
            }),
          )?.headers;
          const response = await fetch(url, {
            method,
            headers: { ...(signs ? headers : {}), "Content-Type": "application/json" },
            ...(method === "GET" ? {} : { body: sent as Uint8Array<ArrayBuffer> }),
          });
          expect(response.status).toBeLessThan(500);
          await response.arrayBuffer();
        },
      ),
      runs(150),
    );
  });
});
