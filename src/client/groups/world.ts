/**
 * What the behaviours of groups work with.
 *
 * @module
 */
import type { Compress } from "../../config/index.js";
import type { Crypto } from "../../crypto/index.js";
import type { AbortOptions } from "../../errors/index.js";
import type { Account, SessionId } from "../../identity/index.js";
import type { Store } from "../../store/index.js";
import type { ContactState } from "../contact-state.js";
import type { Emitter } from "../events.js";
import type { Logger } from "../logger.js";
import type { ClockPort } from "../ports.js";
import type { Sender } from "../sender.js";
import type { Configs } from "../sync-configs.js";
import type { Timers } from "../timers.js";
import type { Timestamps } from "../timestamps.js";
import type { Directory } from "./directory.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupPort } from "./port.js";

/** See the module's description. */
export interface GroupWorld {
  readonly account: Account;
  readonly self: SessionId;
  readonly store: Store;
  /** The entries of the account's groups are in `configs.groups`. Save with the batch of the same state change. */
  readonly configs: Configs;
  readonly contacts: ContactState;
  /** Sends one-to-one, and the texts to groups. */
  readonly sender: Sender;
  readonly directory: Directory;
  readonly port: GroupPort;
  readonly timestamps: Timestamps;
  readonly clock: ClockPort;
  readonly timers: Timers;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly events: Emitter;
  readonly log: Logger;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
  /** Code points of a text. */
  readonly textLimit: number;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /** Reads a group's swarm now. @throws `POLL_FAILED`, `ABORTED`, the codes of the store */
  readonly poll: (group: LiveGroup, options: AbortOptions) => Promise<void>;
  /** Pushes in the background what is to be pushed, and tries again until it is. */
  readonly wake: (group: LiveGroup) => void;
}
