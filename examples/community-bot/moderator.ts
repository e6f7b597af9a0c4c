/** What the community bot does with each message. */
import { isSessionError, type Room } from "session-messenger-sdk";
import type { ReceivedRoomText } from "session-messenger-sdk/client";
import { type CommunityUserId, mention } from "session-messenger-sdk/communities";

/** What a room does not want, and what follows. */
export interface Rules {
  readonly words: readonly string[];
  /** Deleted messages until the author is banned. */
  readonly offences: number;
  readonly banSeconds: number;
}

/** Where the bot keeps what it knows. */
export interface Notes {
  load(): Promise<string | undefined>;
  save(text: string): Promise<void>;
}

/** What the bot knows of somebody. */
interface Author {
  posts: number;
  /** Ids of messages that were deleted since the last ban: one that comes again counts once. */
  offences: number[];
}

type Post = Pick<ReceivedRoomText, "id" | "from" | "text">;

const COMMAND = /^\/(ban|unban|stats)\b\s*(.*)$/;
const USER = /^[012]5[0-9a-f]{64}\b/;

/** The words of a text that are on the list, in whatever case and width they are written. */
export function unwanted(text: string, words: readonly string[]): string[] {
  const plain = (part: string): string => part.normalize("NFKC").toLowerCase();
  const found = new Set(plain(text).split(/[^\p{L}\p{N}]+/u));
  return words.filter((word) => found.has(plain(word)));
}

/** The moderator of one room. */
export class Moderator {
  readonly #room: Room;
  readonly #rules: Rules;
  readonly #notes: Notes;
  readonly #authors: Map<CommunityUserId, Author>;
  /** Newest message that was counted. */
  #counted: number;
  #bans: number;

  private constructor(room: Room, rules: Rules, notes: Notes, known: string) {
    const { counted = 0, bans = 0, authors = [] } = JSON.parse(known);
    [this.#room, this.#rules, this.#notes] = [room, rules, notes];
    [this.#counted, this.#bans, this.#authors] = [counted, bans, new Map(authors)];
  }

  static async open(room: Room, rules: Rules, notes: Notes): Promise<Moderator> {
    return new Moderator(room, rules, notes, (await notes.load()) ?? "{}");
  }

  /** Reads a message. It may come twice, after a crash or a failure, and does no harm then. */
  async read(message: ReceivedRoomText): Promise<void> {
    if (message.outgoing) return;
    const isNew = !message.history && (this.#authors.get(message.from)?.posts ?? 0) === 0;
    const isDeleted = await this.check(message);
    const isModerator = (isNew || COMMAND.test(message.text)) && (await this.#isModerator(message.from));
    if (isModerator) await this.#obey(message);
    else if (isNew && !isDeleted) {
      await this.#room.send({ text: `Welcome, ${mention(message.from)}! Be kind to each other.` });
    }
    if (message.id > this.#counted) this.#author(message.from).posts++;
    this.#counted = Math.max(this.#counted, message.id);
    await this.#save();
  }

  /** Deletes a message with unwanted words, and bans its author in the end. True if it did. */
  async check(message: Post): Promise<boolean> {
    const { from } = message;
    if (unwanted(message.text, this.#rules.words).length === 0 || (await this.#isModerator(from)))
      return false;
    await this.#room.delete(message);
    const author = this.#author(from);
    author.offences = [...new Set([...author.offences, message.id])];
    if (author.offences.length >= this.#rules.offences) {
      await this.#ban(from, this.#rules.banSeconds);
      author.offences = [];
    } else {
      await this.#room.whisper(from, { text: "That is no word for this room: I deleted your message." });
    }
    await this.#save();
    return true;
  }

  /** Who is most active, and what was to be done. */
  stats(): string {
    const people = [...this.#authors].sort(([, a], [, b]) => b.posts - a.posts);
    const posts = people.reduce((sum, [, author]) => sum + author.posts, 0);
    const top = people.slice(0, 3).map(([id, author]) => `${mention(id)} ${author.posts}`);
    return [`${posts} messages, ${people.length} people, ${this.#bans} bans`, ...top].join("\n");
  }

  async #obey(message: ReceivedRoomText): Promise<void> {
    const [, command, rest = ""] = COMMAND.exec(message.text.trim()) ?? [];
    if (command === undefined) return;
    const [first = "", second] = rest.split(/\s+/);
    const [who, minutes] = USER.test(rest) ? [first, second] : [message.quote?.author ?? "", first];
    let text = "done";
    try {
      if (command === "ban") await this.#ban(who, Number(minutes) * 60);
      else if (command === "unban") await this.#room.unban(who);
      else text = this.stats();
    } catch (error) {
      // Of these the next attempt can make no more: otherwise the message comes again.
      if (!isSessionError(error, "COMMUNITY_FORBIDDEN", "COMMUNITY_NOT_FOUND", "INVALID_ARGUMENT"))
        throw error;
      text = `I cannot: ${error.message}`;
    }
    await this.#room.send({ text, quote: message });
  }

  /** The server lifts the ban by itself when its time is over. */
  async #ban(user: string, seconds: number): Promise<void> {
    await this.#room.ban(user, { seconds });
    this.#bans++;
  }

  #author(id: CommunityUserId): Author {
    const author = this.#authors.get(id) ?? { posts: 0, offences: [] };
    this.#authors.set(id, author);
    return author;
  }

  /** Asks the server: roles may have changed since the last poll. */
  async #isModerator(id: CommunityUserId): Promise<boolean> {
    const { moderators, admins, hiddenModerators, hiddenAdmins } = await this.#room.refresh();
    return [...moderators, ...admins, ...hiddenModerators, ...hiddenAdmins].includes(id);
  }

  async #save(): Promise<void> {
    const [counted, bans, authors] = [this.#counted, this.#bans, [...this.#authors]];
    await this.#notes.save(JSON.stringify({ counted, bans, authors }));
  }
}
