/**
 * The client: one account on one network with one store, that sends and receives and loses nothing.
 *
 * @module
 */
export { Client } from "./client.js";
export type { MessageContent } from "./content.js";
export type { ClientErrorCode } from "./errors.js";
export type {
  ClientEvents,
  DroppedItem,
  Handler,
  MessageEvents,
  PlainEvents,
  PollReport,
  SentMessage,
  UnsupportedItem,
} from "./events.js";
export { type LogFacts, type Logger, redact } from "./logger.js";
export type { ClientOptions } from "./open.js";
export type { PollingOptions } from "./poll-loop.js";
export type { Stored, StoredAt } from "./ports.js";
export type { SendResult } from "./sender.js";
export type { Timers } from "./timers.js";
