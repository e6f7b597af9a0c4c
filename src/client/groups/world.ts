/**
 * What the behaviours of groups work with.
 *
 * @module
 */
import type { Compress } from "../../config/index.js";
import type { Crypto } from "../../crypto/index.js";
import type { AbortOptions } from "../../errors/index.js";
import type { Account, SessionId } from "../../identity/index.js";
import type { Disappearing } from "../disappearing.js";
import type { Files } from "../files.js";
import type { MessageCodec, SwarmPort } from "../ports.js";
import type { Timestamps } from "../timestamps.js";
import type { SendingWorld } from "../world.js";
import type { Directory } from "./directory.js";
import type { LiveGroup } from "./live-group.js";
import type { GroupPort } from "./port.js";

/** See the module's description. The entries of the account's groups are in `configs.groups`. */
export interface GroupWorld extends SendingWorld {
  readonly self: SessionId;
  readonly account: Account;
  readonly directory: Directory;
  /** The swarms of groups. */
  readonly port: GroupPort;
  /** The swarms of people, and messages to them. */
  readonly swarm: SwarmPort;
  readonly codec: MessageCodec;
  readonly timestamps: Timestamps;
  readonly disappearing: Disappearing;
  /** The files of the client that is being built. */
  readonly files: () => Files;
  /** Local time, ms. */
  readonly now: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly crypto: Crypto;
  readonly compress: Compress | undefined;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  /**
   * Reads a group's swarm now, and does what follows from it.
   *
   * @throws `POLL_FAILED`, `ABORTED`, the codes of the store
   */
  readonly poll: (group: LiveGroup, options: AbortOptions) => Promise<void>;
  /** Pushes in the background what is to be pushed, and tries again until it is. */
  readonly wake: (group: LiveGroup) => void;
  /** Does in the background what is to be done beside pushing: see work.ts. */
  readonly work: (group: LiveGroup) => void;
}
