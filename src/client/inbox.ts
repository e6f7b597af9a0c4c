/**
 * Messages from person to person, as they lie in the inbox: bytes become a message, or an event that says why they do not.
 *
 * @module
 */
import type {
  DecodeResult,
  IncomingGroupUpdate,
  IncomingLegacyGroup,
  IncomingMessage,
  Profile,
} from "../messages/index.js";
import type { InboxItem } from "../store/index.js";
import { type AdmissionWorld, admit } from "./admission.js";
import type { Emitter } from "./events.js";
import type { Logger } from "./logger.js";
import type { DirectMessage } from "./received.js";
import { identityOf, markReceived, tellRefusal, type Undecodable, undecodable } from "./received-marks.js";
import type { MessageSource, Track } from "./sources.js";
import type { Unsupported } from "./unsupported.js";

/** What reading works with. */
export interface InboxWorld extends AdmissionWorld {
  readonly decode: (item: InboxItem) => DecodeResult;
  readonly log: Logger;
  readonly events: Emitter;
  readonly unsupported: Unsupported;
  /**
   * What a message changes besides being delivered; called once for each, before anyone gets it. Writes that delivery
   * need not wait for are given to `track`.
   */
  readonly apply: (message: IncomingMessage, item: InboxItem, track: Track) => Promise<void>;
  /** An invitation to a group, or a promotion there. */
  readonly takeInvitation: (message: IncomingGroupUpdate, item: InboxItem) => Promise<void>;
  /** A control message of a legacy group; absent: there are no legacy groups in this client. */
  readonly takeLegacyControl?: ((message: IncomingLegacyGroup, item: InboxItem) => Promise<void>) | undefined;
  /** The profile in a message without anything to see (V13). */
  readonly applyProfile: (from: string, profile: Profile) => Promise<void>;
}

/** The source of the messages in the own swarm. */
export function directSource(world: InboxWorld): MessageSource {
  const { self } = world;
  return {
    name: "direct",
    reads: ({ pubkey, room }) => pubkey === self && room === undefined,
    async read(item, isInFlight) {
      const message = await readInboxItem(world, item, isInFlight);
      return message === undefined ? undefined : { ...message, source: "direct" };
    },
    identityOf: (message) => identityOf(message as DirectMessage),
    markReceived: (batch, item, message) => markReceived(batch, item, message as DirectMessage, world.now()),
    apply: (message, item, track) => world.apply(message as DirectMessage, item, track),
  };
}

/**
 * The message in `item`; undefined when there is none for the app, which is told by an event if it is news.
 *
 * @param isInFlight - true if another item with this identity is being delivered
 * @throws the codes of the store
 */
async function readInboxItem(
  world: InboxWorld,
  item: InboxItem,
  isInFlight: (identity: string) => boolean,
): Promise<Exclude<IncomingMessage, IncomingLegacyGroup | IncomingGroupUpdate> | undefined> {
  const { hash } = item;
  const { events, unsupported } = world;
  const result = decode(world, item);
  if (result.kind === "unsupported") {
    await unsupported.keep(item, result);
    return undefined;
  }
  await unsupported.release(hash);
  if (result.kind === "dropped") {
    if (result.profile !== undefined) await world.applyProfile(result.from, result.profile);
    events.emit("dropped", { rule: result.rule, reason: result.reason, hash });
    return undefined;
  }
  const { message } = result;
  const admission = await admit(world, message, isInFlight(identityOf(message)));
  if (admission.kind === "admitted") {
    const { message: admitted } = admission;
    if (admitted.kind === "group-update") await world.takeInvitation(admitted, item);
    else if (admitted.kind === "legacy-group") await world.takeLegacyControl?.(admitted, item);
    else return admitted;
    return undefined;
  }
  tellRefusal(world, message, admission, hash);
  return undefined;
}

/** Decodes, or says why not. */
function decode({ decode: decodeItem, events }: InboxWorld, item: InboxItem): DecodeResult | Undecodable {
  try {
    return decodeItem(item);
  } catch (error) {
    return undecodable(events, error, item.hash);
  }
}
