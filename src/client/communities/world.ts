/**
 * What the parts of `client.communities` work with.
 *
 * @module
 */
import type { CommunityNetwork } from "../../communities/index.js";
import type { Crypto } from "../../crypto/index.js";
import type { AbortOptions } from "../../errors/index.js";
import type { Account } from "../../identity/index.js";
import type { MessageContent } from "../content.js";
import type { Files, UploadSettings } from "../files.js";
import type { ReceivedText } from "../received.js";
import type { SendResult } from "../transmit.js";
import type { Unsupported } from "../unsupported.js";
import type { World } from "../world.js";

/** Sources of what comes from communities. */
export type CommunitySourceName = "community" | "inbox";

/** See the module's description. */
export interface CommunitiesWorld extends World {
  readonly account: Account;
  readonly crypto: Crypto;
  /** The way to the servers. */
  readonly network: CommunityNetwork;
  /** Local time, ms. */
  readonly localTime: () => number;
  /** A sent time, network ms: each is given out once, because it is all that tells equal texts apart. */
  readonly sentTime: () => number;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
  readonly unsupported: Unsupported;
  /** Items of a source that wait for the app, or of one room by its place in the store. */
  readonly backlog: (name: CommunitySourceName, place?: string) => number;
  /** Told of new items in the inbox; those of rooms room by room. */
  readonly onAdded: (name: CommunitySourceName, count: number, place?: string) => void;
  /** Uploads files to the file server: those of direct messages. */
  readonly files: () => Pick<Files, "uploading">;
  /** Sends to a person through the swarm. */
  readonly sendToPerson: (
    id: string,
    content: MessageContent,
    settings: AbortOptions & UploadSettings,
  ) => Promise<SendResult>;
  /** The texts of one conversation. */
  readonly texts: (
    conversation: string,
    signal: AbortSignal | undefined,
  ) => AsyncIterableIterator<ReceivedText, undefined>;
}
