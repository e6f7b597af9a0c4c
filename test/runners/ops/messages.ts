import { base64ToBytes, bytesToBase64 } from "session-messenger-sdk/bytes";
import { accountFromSeed } from "session-messenger-sdk/identity";
import {
  decodeContent,
  decodeMessage,
  decryptFromBlinded,
  decryptFromSender,
  decryptPushPayload,
  directEnvelope,
  encodeContent,
  encryptForBlinded,
  encryptForRecipientDeterministic,
  padMessage,
  proProofLayout,
  signForRecipient,
  unpadMessage,
  unwrapEnvelope,
  wrapEnvelope,
} from "session-messenger-sdk/messages";
import {
  type Content,
  ContentSchema,
  DataMessageSchema,
  EnvelopeSchema,
  type MessageSchema,
  ProProofSchema,
} from "session-messenger-sdk/proto";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

/** Names of fields 2 and 4 of a Pro proof in layout B. */
const LAYOUT_B: Readonly<Record<string, string>> = {
  genIndexHash: "revocationTag",
  expireAtMs: "expiryUnixTs",
};
const LAYOUT_A: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LAYOUT_B).map(([a, b]) => [b, a]),
);

/** A message in the JSON form of the vectors: bytes as hex, 64-bit values as decimal strings. */
/** A protobuf message in the JSON form of the vectors. */
export function contentJson(schema: MessageSchema<object>, message: object): Json {
  const json: Record<string, Json> = {};
  const members = message as Readonly<Record<string, Json>>;
  const rename = schema === ProProofSchema && proProofLayout(message) === "B" ? LAYOUT_B : {};
  for (const field of Object.values(schema.fields)) {
    const value = members[field.name];
    if (value === undefined) continue;
    const one = (item: Json): Json => {
      if (field.schema !== undefined) return contentJson(field.schema, item);
      if (item instanceof Uint8Array) return toHex(item);
      return typeof item === "bigint" ? item.toString() : item;
    };
    json[rename[field.name] ?? field.name] = field.rule === "repeated" ? value.map(one) : one(value);
  }
  if (members["$unknown"] !== undefined) json["$unknown"] = toHex(members["$unknown"]);
  return json;
}

function fromJson(schema: MessageSchema<object>, json: Json): object {
  const message: Record<string, unknown> = {};
  const fields = Object.values(schema.fields);
  for (const [key, value] of Object.entries<Json>(json)) {
    if (key === "$unknown") {
      message[key] = fromHex(value);
      continue;
    }
    const name = schema === ProProofSchema ? (LAYOUT_A[key] ?? key) : key;
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined)
      throw new Error(`the vector has a field that the schema lacks: ${schema.name}.${key}`);
    const one = (item: Json): unknown => {
      if (field.schema !== undefined) return fromJson(field.schema, item);
      if (field.kind === "bytes") return fromHex(item);
      return /64$/.test(field.kind) ? BigInt(item) : item;
    };
    message[name] = field.rule === "repeated" ? value.map(one) : one(value);
  }
  return message;
}

/** Layers of the message format, and whole messages. */
export const messagesOps: OpTable = {
  "session.sign_for_recipient": ({ ed25519_sk, recipient, msg }, { crypto }) => ({
    signed: toHex(
      signForRecipient(fromHex(msg), { sender: fromHex(ed25519_sk), recipient: fromHex(recipient), crypto }),
    ),
  }),
  "session.encrypt_deterministic": ({ ed25519_sk, recipient, msg }, { crypto }) => ({
    ciphertext: toHex(
      encryptForRecipientDeterministic(fromHex(msg), {
        sender: fromHex(ed25519_sk),
        recipient: fromHex(recipient),
        crypto,
      }),
    ),
  }),
  "session.decrypt": ({ ed25519_sk, ciphertext }, { crypto }) => {
    const secretKey = crypto.ed25519SecretKeyToX25519(fromHex(ed25519_sk));
    const keys = { secretKey, publicKey: crypto.x25519PublicKey(secretKey) };
    return decrypted(decryptFromSender(fromHex(ciphertext), keys, crypto));
  },
  "session.decrypt_x": ({ x25519_pk, x25519_sk, ciphertext }, { crypto }) => {
    const keys = { publicKey: fromHex(x25519_pk), secretKey: fromHex(x25519_sk) };
    return decrypted(decryptFromSender(fromHex(ciphertext), keys, crypto));
  },
  "session.blind_decrypt": ({ ed25519_sk, server_pk, sender_id, recipient_id, ciphertext }, { crypto }) => {
    const parties = { account: fromHex(ed25519_sk), sender: sender_id, recipient: recipient_id, crypto };
    const { message, sender } = decryptFromBlinded(fromHex(ciphertext), {
      ...parties,
      serverPublicKey: fromHex(server_pk),
    });
    return { msg: toHex(message), sender_session_id: sender };
  },
  // The nonce is random: the vectors hold refusals only.
  "session.blind_encrypt": ({ ed25519_sk, server_pk, recipient_blinded_id, msg }, { crypto }) => ({
    ciphertext: toHex(
      encryptForBlinded(fromHex(msg), {
        sender: fromHex(ed25519_sk),
        recipient: recipient_blinded_id,
        serverPublicKey: fromHex(server_pk),
        crypto,
      }),
    ),
  }),
  "push.decrypt": ({ payload, key }, { crypto }) => ({
    payload: toHex(decryptPushPayload(fromHex(payload), fromHex(key), crypto)),
  }),
  "content.decode": ({ data }) => ({ content: contentJson(ContentSchema, decodeContent(fromHex(data))) }),
  "content.encode": ({ content }) => ({
    data: toHex(encodeContent(fromJson(ContentSchema, content) as Content)),
  }),
  "message.pad": ({ data }) => ({ padded: toHex(padMessage(fromHex(data))) }),
  "message.unpad": ({ data }) => ({ data: toHex(unpadMessage(fromHex(data))) }),
  "message.wrap": ({ timestamp, ciphertext, pro_sig }) => ({
    data: bytesToBase64(
      wrapEnvelope(
        directEnvelope({
          timestamp: Number(timestamp),
          ciphertext: fromHex(ciphertext),
          proSignature: fromHex(pro_sig),
        }),
      ),
    ),
  }),
  "message.unwrap": ({ data }) => ({
    envelope: contentJson(EnvelopeSchema, unwrapEnvelope(base64ToBytes(data))),
  }),
  "message.receive": ({ item, recipient_seed, own_id, now_ms }, { crypto }) => {
    const account = accountFromSeed(fromHex(recipient_seed), crypto);
    if (account.sessionId !== own_id) throw new Error("the seed is not that of own_id");
    const result = decodeMessage(item, { account, now: now_ms, crypto });
    if (result.kind === "dropped") return { drop: result.rule };
    if (result.kind === "unsupported") {
      if (result.reason === "newer-format") return { unsupported: result.reason };
      return { unsupported: result.reason, sender: result.from, sentTimestamp: String(result.timestamp) };
    }
    const { from, timestamp, sourceDevice, content, normalized } = result.message;
    return {
      sender: from,
      sentTimestamp: String(timestamp),
      ...(sourceDevice === undefined ? {} : { sourceDevice }),
      content: contentJson(ContentSchema, content),
      ...(normalized === undefined
        ? {}
        : {
            normalized: {
              rules: normalized.rules,
              dataMessage: contentJson(DataMessageSchema, normalized.dataMessage),
            },
          }),
    };
  },
};

function decrypted({ message, sender, senderEd25519PublicKey }: ReturnType<typeof decryptFromSender>): Json {
  return {
    msg: toHex(message),
    sender_ed25519_pk: toHex(senderEd25519PublicKey),
    sender_session_id: sender,
  };
}
