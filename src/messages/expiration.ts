/**
 * Disappearing messages on the wire (docs/protocol/messages.md section 8) and times to live (section 6).
 *
 * @module
 */
import { type Content, ContentExpirationType } from "../proto/index.js";
import { MESSAGE_TTL_MS } from "./limits.js";

/** When a message disappears: never, `seconds` after it was read, or `seconds` after it was sent. */
export interface Expiration {
  readonly mode: "off" | "after-read" | "after-send";
  /** 0 if off. */
  readonly seconds: number;
}

/** Messages stay. */
export const EXPIRATION_OFF: Expiration = { mode: "off", seconds: 0 };

/** Members of a content that carry the expiration; written even when it is off. */
export type ExpirationFields = Required<Pick<Content, "expirationType" | "expirationTimer">>;

/** The wire form of `expiration`. */
export function expirationFields({ mode, seconds }: Expiration): ExpirationFields {
  if (mode === "off") return { expirationType: ContentExpirationType.UNKNOWN, expirationTimer: 0 };
  return {
    expirationType:
      mode === "after-send"
        ? ContentExpirationType.DELETE_AFTER_SEND
        : ContentExpirationType.DELETE_AFTER_READ,
    expirationTimer: seconds,
  };
}

/** Calls and data-extraction notices run from reading even where messages run from sending. */
export function fromReading({ mode, seconds }: Expiration): Expiration {
  return mode === "off" ? EXPIRATION_OFF : { mode: "after-read", seconds };
}

/**
 * The expiration of a received content.
 *
 * @param onlyAfterSend - true in groups and in the conversation with oneself, which know no other mode
 */
export function readExpiration(content: Content, onlyAfterSend: boolean): Expiration {
  const { expirationType: type = ContentExpirationType.UNKNOWN, expirationTimer: seconds = 0 } = content;
  if (seconds === 0 || type === ContentExpirationType.UNKNOWN) return EXPIRATION_OFF;
  const afterSend = onlyAfterSend || type === ContentExpirationType.DELETE_AFTER_SEND;
  return { mode: afterSend ? "after-send" : "after-read", seconds };
}

/** Who a stored copy is for. */
export type CopyFor = "recipient" | "own-devices";

/**
 * Milliseconds that a swarm keeps a message with content that can disappear. An own device has read its own message at
 * once, so there a timer from reading counts too.
 */
export function expiringTtl({ mode, seconds }: Expiration, copyFor: CopyFor): number {
  const byTimer = mode === "after-send" || (mode === "after-read" && copyFor === "own-devices");
  return byTimer ? seconds * 1000 : MESSAGE_TTL_MS.content;
}
