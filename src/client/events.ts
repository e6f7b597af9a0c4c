/**
 * Typed events. Those that carry messages are not emitted here: their handlers are awaited, one message after the other
 * (delivery.ts). All others are told and not waited for.
 *
 * @module
 */
import { SessionError } from "../errors/index.js";
import type { OutgoingMessage, Profile } from "../messages/index.js";
import type { SharedSettings } from "./account-settings.js";
import type { IdentifiedContact, RoomChange } from "./communities/messages.js";
import type { Contact } from "./contact-state.js";
import type { Conversation } from "./conversations.js";
import type { DeletedMessage, GroupEvent, GroupInvite } from "./groups/events.js";
import type { LegacyGroupEvent } from "./groups/legacy/events.js";
import type { Deliverable, ReceivedMessage, ReceivedText } from "./received.js";

/** A retrieved item that became no message. */
export interface DroppedItem {
  /**
   * Rule of docs/protocol/messages.md §5.1 (`V1` …), or its section (`§6.5` a receipt for what was never sent there, `§6.7`
   * a message that was deleted, `§8` one that disappeared before it was delivered), or the code of the decoder's error.
   */
  readonly rule: string;
  readonly reason: string;
  /** Hash of the item in the own swarm. */
  readonly hash: string;
}

/** A retrieved item of something newer than this version. */
export interface UnsupportedItem {
  readonly reason: "newer-format" | "unknown-type";
  readonly hash: string;
  /** The stored bytes. They are kept, and read again by the next version that opens the store. */
  readonly data: Uint8Array;
  /** `unknown-type` only. */
  readonly from?: string | undefined;
  /** Where it belongs, as far as that is known. */
  readonly conversation?: string | undefined;
  /** Sent time, ms; `unknown-type` only. */
  readonly timestamp?: number | undefined;
}

/** A message that reached its recipient's swarm. */
export interface SentMessage {
  readonly to: string;
  readonly timestamp: number;
  /** Hash in the recipient's swarm; in the own swarm for a note to self. */
  readonly hash: string;
  readonly kind: OutgoingMessage["kind"];
}

/** Somebody began to type, or stopped. */
export interface TypingChange {
  readonly from: string;
  readonly typing: boolean;
}

/** Name or picture of a person changed. */
export interface ProfileChange {
  readonly id: string;
  readonly profile: Profile;
}

/** A message that has disappeared: delete it wherever the app keeps it. */
export interface DisappearedMessage {
  readonly conversation: string;
  readonly author: string;
  readonly timestamp: number;
}

/** Configs of the account. */
export type ConfigName = "profile" | "contacts" | "groups" | "conversations";

/** Another device of the account changed something. */
export interface ConfigChange {
  readonly configs: readonly ConfigName[];
}

/** What became of a poll. */
export interface PollReport {
  /** Ed25519 key of the swarm member that answered; undefined when none did. */
  readonly node?: string | undefined;
  /** New items retrieved. */
  readonly received: number;
  readonly error?: SessionError | undefined;
}

/** Messages by event: texts are `message`, the other kinds go by their own names. Typing is told by its changes. */
export type MessageEvents = { readonly message: ReceivedText } & {
  readonly [Kind in Exclude<Deliverable["kind"], "text" | "typing">]: Extract<
    ReceivedMessage,
    { kind: Kind }
  >;
};

/** Events that are told and not waited for. */
export interface PlainEvents {
  readonly dropped: DroppedItem;
  readonly unsupported: UnsupportedItem;
  /** However many messages about it come, changes only; over after 15 s, and when a message comes. */
  readonly typing: TypingChange;
  /** What is known of a person changed: who accepts whom, a timer, a profile. A new request is `approved: false`. */
  readonly contact: Contact;
  readonly profile: ProfileChange;
  /** Another device of the account changed its settings. */
  readonly settings: SharedSettings;
  /** How a group, a room, or a person known by a blinded id is shown, or how far it was read, changed: here or elsewhere. */
  readonly conversation: Conversation;
  /** A room of a community was joined or left, here or on another device, or its description or rights are different. */
  readonly room: RoomChange;
  /** It became known whose blinded id it is. */
  readonly identified: IdentifiedContact;
  /** Other devices of the account changed configs; `contact`, `profile` and `conversation` tell what is different. */
  readonly config: ConfigChange;
  /** Something about a group is different. */
  readonly group: GroupEvent;
  /** Something about a closed group of the old kind is different. */
  readonly "legacy-group": LegacyGroupEvent;
  /** Somebody invites the account to a group. */
  readonly "group-invite": GroupInvite;
  /** A message was deleted by its author or by an admin: delete it wherever the app keeps it. */
  readonly deleted: DeletedMessage;
  /** A message's time is over; also what was over while the program did not run, once somebody listens. */
  readonly disappeared: DisappearedMessage;
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
  unsend: "unsend",
  "request-response": "request-response",
  "data-extraction": "data-extraction",
  call: "call",
  "group-update": "group-update",
  "room-edit": "room-edit",
  "room-deletion": "room-deletion",
  "room-reactions": "room-reactions",
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

  /** True if somebody listens. */
  has(name: keyof PlainEvents): boolean {
    return (this.#handlers.get(name)?.size ?? 0) > 0;
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
