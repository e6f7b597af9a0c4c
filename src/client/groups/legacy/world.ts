/**
 * What the behaviours of legacy groups work with.
 *
 * @module
 */
import type { ReceivedText } from "../../received.js";
import type { GroupWorld } from "../world.js";
import type { LegacyDirectory } from "./directory.js";

/** See the module's description. */
export interface LegacyWorld
  extends Omit<GroupWorld, "directory" | "poll" | "wake" | "work" | "compress" | "codec"> {
  readonly legacy: LegacyDirectory;
  /** The app has switched legacy groups on: else they are only shown. */
  readonly isOn: boolean;
  /** The texts of one conversation. */
  readonly texts: (
    conversation: string,
    signal: AbortSignal | undefined,
  ) => AsyncIterableIterator<ReceivedText, undefined>;
}
