/**
 * Typed events. Those that carry messages are not emitted here: their handlers are awaited, one message after the other
 * (delivery.ts). All others are told and not waited for.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { IncomingMessage, IncomingText } from "../messages/index.js";

/** A retrieved item that became no message. */
export interface DroppedItem {
  /** Rule of docs/protocol/messages.md §5.1 (`V1` …), or the code of the decoder's error. */
  readonly rule: string;
  readonly reason: string;
  /** Hash of the item in the own swarm. */
  readonly hash: string;
}

/** A retrieved item of something newer than this version. */
export interface UnsupportedItem {
  readonly reason: "newer-format" | "unknown-type";
  readonly hash: string;
  /** The stored bytes, for a later version to read. */
  readonly data: Uint8Array;
}

/** A message that reached its recipient's swarm. */
export interface SentMessage {
  readonly to: string;
  readonly timestamp: number;
  /** Hash in the recipient's swarm; in the own swarm for a note to self. */
  readonly hash: string;
}

/** What became of a poll. */
export interface PollReport {
  /** Ed25519 key of the swarm member that answered; undefined when none did. */
  readonly node?: string | undefined;
  /** New items retrieved. */
  readonly received: number;
  readonly error?: SessionError | undefined;
}

/** Messages by event: texts are `message`, the other kinds go by their own names. */
export type MessageEvents = { readonly message: IncomingText } & {
  readonly [Kind in Exclude<IncomingMessage["kind"], "text">]: Extract<IncomingMessage, { kind: Kind }>;
};

/** Events that are told and not waited for. */
export interface PlainEvents {
  readonly dropped: DroppedItem;
  readonly unsupported: UnsupportedItem;
  /** Something failed in the background; the client goes on. */
  readonly error: SessionError;
  /** Every message that was sent, those resent after a restart included. */
  readonly sent: SentMessage;
  /** Every poll. */
  readonly poll: PollReport;
}

/**
 * The events of a client. Messages are for this account, or copies (`outgoing: true`) of what another device of it
 * sent.
 */
export type ClientEvents = MessageEvents & PlainEvents;

/** Names of the events that carry messages, and the kind of message of each. */
export const MESSAGE_KINDS: { readonly [Name in keyof MessageEvents]: MessageEvents[Name]["kind"] } = {
  message: "text",
  reaction: "reaction",
  "timer-update": "timer-update",
  receipt: "receipt",
  typing: "typing",
  unsend: "unsend",
  "request-response": "request-response",
  "data-extraction": "data-extraction",
  call: "call",
  "group-update": "group-update",
};

/** A handler; it may be asynchronous. */
export type Handler<T> = (event: T) => unknown;

/** Handlers by event. One that throws or rejects is reported to the constructor's function, never to the emitter. */
export class Emitter {
  readonly #handlers = new Map<keyof PlainEvents, Set<Handler<never>>>();
  readonly #onFailure: (error: SessionError<"HANDLER_FAILED">, event: keyof PlainEvents) => void;

  constructor(onFailure: (error: SessionError<"HANDLER_FAILED">, event: keyof PlainEvents) => void) {
    this.#onFailure = onFailure;
  }

  on<Name extends keyof PlainEvents>(name: Name, handler: Handler<PlainEvents[Name]>): void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
  }

  off<Name extends keyof PlainEvents>(name: Name, handler: Handler<PlainEvents[Name]>): void {
    this.#handlers.get(name)?.delete(handler);
  }

  emit<Name extends keyof PlainEvents>(name: Name, event: PlainEvents[Name]): void {
    for (const handler of [...(this.#handlers.get(name) ?? [])] as Handler<PlainEvents[Name]>[]) {
      const failed = (cause: unknown): void => this.#onFailure(handlerError(name, cause), name);
      try {
        const result = handler(event);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** The error for a handler that threw. */
export function handlerError(
  event: string,
  cause: unknown,
  details: Readonly<Record<string, unknown>> = {},
): SessionError<"HANDLER_FAILED"> {
  return new SessionError("HANDLER_FAILED", `a handler of "${event}" threw`, {
    cause,
    details: { event, ...details },
  });
}
