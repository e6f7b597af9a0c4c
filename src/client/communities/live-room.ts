/**
 * A joined room, as the parts of `client.communities` share it.
 *
 * @module
 */
import { communityConversation, type Room as RoomInfo } from "../../communities/index.js";
import type { RoomRecord } from "../../store/index.js";
import type { LiveServer } from "./live-server.js";

/** Own changes of this run that are remembered, of each kind. */
const MAX_REMEMBERED = 1_000;

/** See the module's description. */
export class LiveRoom {
  readonly server: LiveServer;
  /** As the account's configs write it; servers ignore its case. */
  readonly token: string;
  /** Its place in the store. */
  readonly key: string;
  /** As it is on disk. */
  record: RoomRecord;
  /** The room as its server last described it; the number of users may be newer than on disk. */
  info: RoomInfo | undefined;
  /** Code of the last poll's failure; undefined after one that went well. */
  failure: string | undefined;
  /** Local time before which the server does not want to be asked for it, ms. */
  notBefore = 0;
  /** Local time before which the server takes no messages from this account, ms. */
  noPostsBefore = 0;
  /** Ids of messages that this run has posted. */
  readonly #posted = new Map<number, true>();
  /** Signatures of changes that this run has made to own messages. */
  readonly #edited = new Map<string, true>();
  /** By message id: reactions of pages that are older than this change are not news. */
  readonly #reacted = new Map<number, number>();

  constructor(server: LiveServer, token: string, record: RoomRecord) {
    this.server = server;
    this.token = token;
    this.key = roomKey(server.baseUrl, token);
    this.record = record;
    this.info = record.details as unknown as RoomInfo | undefined;
  }

  /** What the app calls it: in lower case, because devices of the account may have joined it in different ones. */
  get conversation(): string {
    const { baseUrl } = this.server;
    return communityConversation({ baseUrl, token: this.token.toLowerCase() });
  }

  /** Where the ids of its messages are remembered. */
  get seenPlace(): string {
    return this.server.seenPlace(this.key);
  }

  /** An own message was posted. */
  posted(id: number): void {
    remember(this.#posted, id, true);
  }

  isPosted(id: number): boolean {
    return this.#posted.has(id);
  }

  /** An own message was changed: `signature` (base64) is its new one. */
  edited(signature: string): void {
    remember(this.#edited, signature, true);
  }

  isEdited(signature: string): boolean {
    return this.#edited.has(signature);
  }

  /** The reactions to a message were changed by this device. */
  reacted(id: number, seqno: number): void {
    remember(this.#reacted, id, seqno);
  }

  /** Polls can race with own changes (docs/protocol/communities.md §8.3). */
  isOldReaction(id: number, seqno: number): boolean {
    return seqno < (this.#reacted.get(id) ?? 0);
  }
}

/** Where a room lies in the store. */
export function roomKey(baseUrl: string, token: string): string {
  return `${baseUrl}/${token.toLowerCase()}`;
}

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
