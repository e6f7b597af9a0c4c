/**
 * The community server of the test network as its users see it. Types only.
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";

/** What everybody may do in a room who has no permissions of their own; all true when left out. */
export interface CommunityDefaults {
  readonly accessible: boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly upload: boolean;
}

/** A room to create. */
export interface CommunityRoomOptions {
  /** 1 to 64 letters, digits, - and _. */
  readonly token: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly defaults?: Partial<CommunityDefaults> | undefined;
}

/** How often one user may post to a room; admins always may. */
export interface PostLimit {
  readonly posts: number;
  readonly seconds: number;
}

/** The keys of a server. */
export interface CommunityKeys {
  /** X25519, 32 bytes. Without it the server takes plain requests only. */
  readonly secretKey?: Uint8Array | undefined;
  /** X25519, 32 bytes; made from the secret key when left out. */
  readonly publicKey?: Uint8Array | undefined;
}

/** Options of `startCommunityServer`. */
export interface CommunityServerOptions {
  /** A room `lobby` when left out. */
  readonly rooms?: readonly CommunityRoomOptions[] | undefined;
  /** Refuse unblinded ids; true when left out. */
  readonly requireBlinding?: boolean | undefined;
  /** Five in 16 seconds when left out; `false` for none. */
  readonly postLimit?: PostLimit | false | undefined;
  /** Largest file, bytes; 10,000,000 when left out. */
  readonly maxFileBytes?: number | undefined;
  /** Posts whose bytes hold one of these words are refused, or hidden when `silent`. */
  readonly wordFilter?:
    | { readonly words: readonly string[]; readonly silent?: boolean | undefined }
    | undefined;
  readonly keys?: CommunityKeys | undefined;
  /** Makes the keys reproducible; random when left out. */
  readonly seed?: string | undefined;
  /** The server's clock, milliseconds; `Date.now` when left out. */
  readonly now?: (() => number) | undefined;
  readonly crypto?: Crypto | undefined;
}

/** A message put into a room by the operator, past all checks. */
export interface CommunityPost {
  /** 05 or 15 id. */
  readonly author: string;
  /** Padded content. */
  readonly data: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** Unix milliseconds; now when left out. */
  readonly posted?: number | undefined;
}

/** What reached the server, after decryption. */
export interface CommunityExchange {
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  /** Without question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly via: "plain" | "onion";
}

/** An answer to give instead of the server's own. */
export interface CommunityAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: Uint8Array | string;
}

/**
 * Looks at every request before the server does. What it returns is the answer; `undefined` lets the server answer, and
 * `serve` gives the server's answer to change it.
 */
export type CommunityIntercept = (
  exchange: CommunityExchange,
  serve: () => CommunityAnswer,
) => CommunityAnswer | undefined;

/** A running community server. */
export interface TestnetCommunity extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** X25519, 64 hex characters. */
  readonly publicKey: string;
  /** Requests since the start. */
  readonly counters: { readonly plain: number; readonly onion: number };
  /** The join link of a room. */
  link(token: string): string;
  addRoom(room: CommunityRoomOptions): void;
  /** Gives or takes roles as the operator of the server does; on the whole server when no rooms are named. */
  setRole(
    id: string,
    role: { readonly moderator?: boolean; readonly admin?: boolean; readonly visible?: boolean },
    rooms?: readonly string[],
  ): void;
  /** Puts a message into a room; its id. */
  post(token: string, post: CommunityPost): number;
  /** Takes requests away from the server: for faults. Nothing given takes it back. */
  intercept(intercept?: CommunityIntercept): void;
  /** The server's clock is off by so many milliseconds (positive = ahead). */
  skewClock(ms: number): void;
  /** Ends the server and every connection. */
  close(): Promise<void>;
}
