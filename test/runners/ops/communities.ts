import { base64ToBytes, bytesToBase64 } from "session-messenger-sdk/bytes";
import {
  type CommunityContent,
  communityIdentity,
  decodeInboxItem,
  formatCommunityLink,
  type InboxItem,
  openInboxItem,
  parseCommunityLink,
  type ReadContext,
  readRow,
  signRequest,
  verifyCommunityMessage,
} from "session-messenger-sdk/communities";
import type { Crypto } from "session-messenger-sdk/crypto";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import { encryptForBlinded } from "session-messenger-sdk/messages";
import { ContentSchema } from "session-messenger-sdk/proto";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";
import { contentJson } from "./messages.js";

const account = (seed: string, crypto: Crypto): Account => accountFromSeed(fromHex(seed), crypto);

/** `sogs.sign`: the headers and what was signed. */
function sign(
  { seed, server_pk, kind, method, path, body, nonce, timestamp_s }: Json,
  crypto: Crypto,
): { headers: Readonly<Record<string, string>>; signed_bytes: string } {
  const serverPublicKey = fromHex(server_pk);
  const identity = communityIdentity(account(seed, crypto), kind, serverPublicKey, crypto);
  const bytes = typeof body === "string" ? fromHex(body) : undefined;
  const signed = signRequest({ method, path, body: bytes }, identity, {
    serverPublicKey,
    nonce: fromHex(nonce),
    timestamp: timestamp_s,
    crypto,
  });
  return { headers: signed.headers, signed_bytes: toHex(signed.signedBytes) };
}

const readContext = (crypto: Crypto): ReadContext => ({
  crypto,
  baseUrl: "https://sogs.example.org",
  ownIds: new Set(),
  validation: { now: 0 },
});

type Described = Exclude<CommunityContent, { kind: "text" }> | { kind: "message" };

function dropped(result: Described): Json {
  return result.kind === "dropped" ? { drop: result.rule } : { [result.kind]: true };
}

/** Rooms of community servers: links, signatures, rows, direct messages. */
export const communitiesOps: OpTable = {
  "community.parse": ({ url }) => {
    const link = parseCommunityLink(url);
    return {
      base_url: link.baseUrl,
      full_url: formatCommunityLink(link),
      pubkey: link.publicKey,
      room: link.token,
      room_norm: link.token.toLowerCase(),
    };
  },
  "community.full_url": ({ base_url, room, pubkey }) => ({
    url: formatCommunityLink({ baseUrl: base_url, token: room, publicKey: pubkey }),
  }),
  "sogs.sign": (input, { crypto }) => sign({ ...input, kind: input.blinded ? "15" : "00" }, crypto),
  "sogs.message.verify": ({ session_id, data, signature }, { crypto }) => ({
    valid: verifyCommunityMessage(session_id, base64ToBytes(data), base64ToBytes(signature), crypto),
  }),
  "sogs.message.decode": ({ message }, { crypto }) => {
    const update = readRow(message, "room", readContext(crypto));
    switch (update.kind) {
      case "message":
        return {
          sender: update.message.from,
          sentTimestamp: String(update.message.timestamp),
          content: contentJson(ContentSchema, update.message.content),
        };
      case "deleted":
        return { deleted: true };
      case "reactions":
        return { reaction_row: true };
      case "invalid":
        throw update.error;
      default:
        return dropped(update);
    }
  },
  "sogs.inbox.encrypt": ({ seed, server_pk, recipient, msg, nonce }, { crypto }) => ({
    message: bytesToBase64(
      encryptForBlinded(fromHex(msg), {
        sender: fromHex(seed),
        recipient,
        serverPublicKey: fromHex(server_pk),
        nonce: fromHex(nonce),
        crypto,
      }),
    ),
  }),
  "sogs.inbox.decrypt": ({ seed, server_pk, item: row }, { crypto }) => {
    const item: InboxItem = {
      id: row.id,
      sender: row.sender,
      recipient: row.recipient,
      timestamp: Math.floor(row.posted_at * 1000),
      expiresAt: Math.floor(row.expires_at * 1000),
      message: base64ToBytes(row.message),
    };
    const keys = { account: account(seed, crypto), serverPublicKey: fromHex(server_pk), crypto };
    const result = decodeInboxItem(item, { ...keys, validation: { now: item.timestamp } });
    if (result.kind === "invalid") throw result.error;
    if (result.kind !== "message") return dropped(result);
    return {
      sender_session_id: result.message.from,
      msg: toHex(openInboxItem(item, keys).message),
      sentTimestamp: String(result.message.timestamp),
      content: contentJson(ContentSchema, result.message.content),
    };
  },
  // Without a server only the recorded signature can be checked; what the server answered is the transcript runner's part.
  "sogs.exchange": (input, { crypto, expected }) => {
    if (input.caller === null || input.signature_not_reproducible !== undefined) return expected;
    const { headers } = sign(input, crypto);
    const wrong = Object.entries(headers).filter(([name, value]) => input.request_headers[name] !== value);
    return wrong.length === 0 ? expected : { not_reproduced: Object.fromEntries(wrong) };
  },
};
