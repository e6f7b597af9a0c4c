/**
 * Signatures of requests (docs/protocol/communities.md §3).
 *
 * ```text
 * server key (32) ‖ nonce (16) ‖ decimal seconds ‖ METHOD ‖ path ‖ [? query] ‖ [BLAKE2b-64 of the body]
 * ```
 *
 * The path is signed percent-decoded, the query as it stands; a body counts when it is not empty.
 *
 * @module
 */
import { bytesToBase64, concatBytes, utf8ToBytes } from "../bytes/index.js";
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { invalidArgument } from "./errors.js";
import type { CommunityIdentity } from "./identity.js";

/** A request as it goes over the wire. */
export interface SignableRequest {
  readonly method: string;
  /** Starts with `/`; with the query; percent-encoded or not. */
  readonly path: string;
  readonly body?: Uint8Array | undefined;
}

/** What a signature holds besides the request. */
export interface RequestSigningContext {
  /** 32 bytes. */
  readonly serverPublicKey: Uint8Array;
  /** Unix seconds. */
  readonly timestamp: number;
  /** 16 bytes, never used before on that server, by anybody; default: random. */
  readonly nonce?: Uint8Array | undefined;
  readonly crypto?: Crypto | undefined;
}

/** The four headers, and the bytes that were signed. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signedBytes: Uint8Array;
}

/** Signs a request. @throws `INVALID_ARGUMENT` */
export function signRequest(
  request: SignableRequest,
  identity: CommunityIdentity,
  context: RequestSigningContext,
): SignedRequest {
  const { serverPublicKey, timestamp, crypto = defaultCrypto, nonce = crypto.randomBytes(16) } = context;
  if (!Number.isSafeInteger(timestamp)) throw invalidArgument("the time is a whole number of seconds");
  if (nonce.length !== 16) throw invalidArgument("a nonce has 16 bytes");
  const { body } = request;
  const signedBytes = concatBytes(
    serverPublicKey,
    nonce,
    utf8ToBytes(`${timestamp}${request.method}${signedPath(request.path)}`),
    ...(body === undefined || body.length === 0 ? [] : [crypto.blake2b(body, { size: 64 })]),
  );
  return {
    headers: {
      "X-SOGS-Pubkey": identity.headerId,
      "X-SOGS-Nonce": bytesToBase64(nonce),
      "X-SOGS-Timestamp": String(timestamp),
      "X-SOGS-Signature": bytesToBase64(identity.signRequest(signedBytes)),
    },
    signedBytes,
  };
}

function signedPath(pathAndQuery: string): string {
  const mark = pathAndQuery.indexOf("?");
  const path = mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark);
  const query = mark < 0 ? "" : pathAndQuery.slice(mark);
  if (!path.startsWith("/")) throw invalidArgument("a path starts with a slash");
  try {
    // Servers leave out a question mark with nothing behind it.
    return decodeURIComponent(path) + (query === "?" ? "" : query);
  } catch {
    throw invalidArgument("the path is not valid percent-encoding");
  }
}
