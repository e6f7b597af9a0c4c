import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import { encodeMessage, encodeSyncCopy, type OutgoingMessage } from "session-messenger-sdk/messages";

export const alice: Account = accountFromSeed(new Uint8Array(16).fill(1));
export const bob: Account = accountFromSeed(new Uint8Array(16).fill(2));

/** Stored bytes of a text. */
export function text(from: Account, to: Account, body: string, timestamp: number): Uint8Array {
  const message: OutgoingMessage = { kind: "text", text: body };
  return encodeMessage(message, { sender: from, recipient: to.sessionId, timestamp }).data;
}

/** Stored bytes of a copy that another device of `from` made. */
export function copy(from: Account, to: Account, body: string, timestamp: number): Uint8Array {
  const message: OutgoingMessage = { kind: "text", text: body };
  return encodeSyncCopy(message, { sender: from, recipient: to.sessionId, timestamp }).data;
}
