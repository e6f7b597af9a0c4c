/**
 * What changes often about conversations: how far they were read (docs/protocol/config.md §16), in namespace 4.
 *
 * ```text
 * 1 Session ID → entry   g group id → entry   C legacy group id → entry   b blinded id → entry
 * o community address → { # server key, R { room in lower case → entry } }         entry { r last read, u marked unread }
 * ```
 *
 * Entries come and go by age, so this config depends on the time: it is stable only while nothing passes a limit.
 *
 * @module
 */
import { ConfigBase } from "./base.js";
import { asDict, changedKeys, joinChanges, mapChanges } from "./changes.js";
import { invalidValue } from "./checks.js";
import { type CommunityServer, canonicalBaseUrl, checkServer } from "./community-address.js";
import {
  type ConversationFields,
  type ConversationId,
  type ConversationKind,
  conversationOf,
  pathOf,
  readConversation,
  sectionOf,
  writeConversation,
} from "./conversation-entry.js";
import { type ConfigDict, isDict, sortedEntries } from "./data.js";
import { READ_MARK_MS, READ_PRUNE_MS } from "./limits.js";
import { serverKeyToBinary, serverRooms } from "./servers.js";
import type { ConfigOptions, ConfigPush, ListChanges } from "./types.js";
import { type ConfigAccount, userSecrets } from "./user-secrets.js";

/** A conversation and where it stands. */
export type Conversation = ConversationFields &
  (
    | Exclude<ConversationId, { kind: "community" }>
    | ({ readonly kind: "community"; readonly room: string } & CommunityServer)
  );

const ID_KINDS = ["contact", "group", "legacy-group", "blinded"] as const;
/** In the order of iteration. */
const KINDS: readonly ConversationKind[] = ["contact", "group", "community", "legacy-group", "blinded"];

export class ConvoInfoVolatile extends ConfigBase {
  /** @throws `CONFIG_DUMP_INVALID` */
  constructor(account: ConfigAccount, options: ConfigOptions = {}) {
    super({ namespace: 4, domain: "ConvoInfoVolatile" }, userSecrets(account), options);
  }

  /** Number of conversations. */
  get size(): number {
    let count = 0;
    for (const _ of this) count++;
    return count;
  }

  /** @throws `ID_INVALID`, `CONFIG_VALUE_INVALID` */
  get(conversation: ConversationId): ConversationFields | undefined {
    const dict = this.read(pathOf(conversation));
    return isDict(dict) ? readConversation(dict, conversation.kind) : undefined;
  }

  /**
   * Changes the members that are given. A read mark older than 30 days is not written, unless it goes back behind the
   * one that is there.
   *
   * @param publicKey - the community server's key in hexadecimal; needed unless the server is known already
   * @returns whether anything changed
   * @throws `ID_INVALID`, `CONFIG_VALUE_INVALID`
   */
  set(conversation: ConversationId, change: Partial<ConversationFields>, publicKey?: string): boolean {
    const path = pathOf(conversation);
    const oldest = this.now() - READ_MARK_MS;
    const entry = writeConversation(asDict(this.read(path)), conversation, change, oldest);
    const keyChanged = conversation.kind === "community" && this.#setServer(conversation.baseUrl, publicKey);
    return this.write(path, entry) || keyChanged;
  }

  /** Forgets a conversation; a community server goes with its last room. @returns whether it was there */
  remove(conversation: ConversationId): boolean {
    const path = pathOf(conversation);
    const removed = this.write(path, undefined);
    if (removed && conversation.kind === "community") this.#removeEmptyServer(path.slice(0, 2));
    return removed;
  }

  /** All conversations: contacts, groups, communities, legacy groups, blinded contacts; each in the order of their ids. */
  *[Symbol.iterator](): IterableIterator<Conversation> {
    for (const kind of KINDS) yield* this.#section(kind);
  }

  /** Drops conversations read too long ago, then as {@link ConfigBase.push}. */
  override push(): ConfigPush {
    this.#prune();
    return super.push();
  }

  /** What differs from an earlier snapshot. */
  changesSince(before: ConfigDict): ListChanges<ConversationId> {
    const after = this.snapshot();
    const byId = ID_KINDS.map((kind) =>
      mapChanges(changedKeys(before, after, [sectionOf(kind)]), (key) => conversationOf(kind, key)),
    );
    const servers = new Set([before, after].flatMap((dict) => [...asDict(dict.get("o")).keys()]));
    const rooms = [...servers].map((baseUrl) =>
      mapChanges(
        changedKeys(before, after, ["o", baseUrl, "R"]),
        (room): ConversationId => ({ kind: "community", baseUrl, room }),
      ),
    );
    return joinChanges<ConversationId>([...byId, ...rooms]);
  }

  *#section(kind: ConversationKind): IterableIterator<Conversation> {
    const section = asDict(this.read([sectionOf(kind)]));
    if (kind === "community") {
      for (const { server, key: room, dict } of serverRooms(section)) {
        const { baseUrl, publicKey } = server;
        yield { kind, baseUrl, publicKey, room, ...readConversation(dict, kind) };
      }
      return;
    }
    for (const [key, dict] of sortedEntries(section)) {
      const conversation = conversationOf(kind, key);
      if (conversation !== undefined && isDict(dict))
        yield { ...conversation, ...readConversation(dict, kind) };
    }
  }

  /** Groups stay: their number is small, and they end by being left. */
  #prune(): void {
    const oldest = this.now() - READ_PRUNE_MS;
    const isStale = ({ kind, lastRead, unread, pro }: Conversation): boolean =>
      kind !== "group" && !unread && lastRead < oldest && (pro === undefined || pro.expires < oldest);
    for (const conversation of [...this].filter(isStale)) this.remove(conversation);
  }

  /** Written even if nothing about the room is. */
  #setServer(baseUrl: string, publicKey: string | undefined): boolean {
    if (publicKey === undefined) {
      if (this.read(["o", canonicalBaseUrl(baseUrl), "#"]) !== undefined) return false;
      throw invalidValue("publicKey", "is needed for a server that is not known yet");
    }
    const server = checkServer({ baseUrl, publicKey });
    return this.write(["o", server.baseUrl, "#"], serverKeyToBinary(server.publicKey));
  }

  #removeEmptyServer(path: readonly string[]): void {
    if (asDict(this.read([...path, "R"])).size === 0) this.write(path, undefined);
  }
}
