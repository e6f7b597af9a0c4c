/**
 * A community server for the test network: real HTTP on loopback, plain and behind the onion endpoint, with the checks,
 * rules and statuses of the public server (docs/protocol/communities.md).
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { bytesToHex, utf8ToBytes } from "../bytes/index.js";
import { defaultCrypto, type X25519KeyPair } from "../crypto/index.js";
import { authenticate } from "./community-auth.js";
import { batchRoutes, splitPath } from "./community-batch.js";
import { fileRoutes } from "./community-files.js";
import { type CommunityRequest, type CommunityResponse, pageResponse, refusalOf } from "./community-http.js";
import { inboxRoutes } from "./community-inbox.js";
import { messageRoutes } from "./community-messages.js";
import { type Room, setRoomRole, type User } from "./community-model.js";
import { moderationRoutes, setGlobalRole } from "./community-moderation.js";
import { applyFutures } from "./community-permissions.js";
import { reactionRoutes } from "./community-reactions.js";
import { roomRoutes } from "./community-rooms.js";
import type { Route } from "./community-routes.js";
import { CommunityState } from "./community-state.js";
import type {
  CommunityAnswer,
  CommunityExchange,
  CommunityIntercept,
  CommunityKeys,
  CommunityServerOptions,
  TestnetCommunity,
} from "./community-types.js";
import { invalidOption } from "./errors.js";
import { createDeriver } from "./keys.js";
import { listen, readBody, stopServer } from "./listen.js";
import { answerSealed, ONION_PATH } from "./v4-endpoint.js";

/** Room for a batch with the largest file in base64, and then some. */
const BODY_OVERHEAD = 1.5;

const ROUTES: readonly Route[] = [
  ...roomRoutes,
  ...messageRoutes,
  ...reactionRoutes,
  ...fileRoutes,
  ...moderationRoutes,
  ...inboxRoutes,
  ...batchRoutes,
];

/**
 * Starts a community server.
 *
 * @throws SessionError `INVALID_ARGUMENT`, `TESTNET_START_FAILED`
 */
export async function startCommunityServer(options: CommunityServerOptions = {}): Promise<TestnetCommunity> {
  const crypto = options.crypto ?? defaultCrypto;
  const derived = createDeriver(options.seed, crypto)("community");
  const { secretKey, publicKey } = serverKeys(options.keys ?? { secretKey: derived }, crypto.x25519PublicKey);
  const state = new CommunityState(options, publicKey, crypto);
  const counters = { plain: 0, onion: 0 };
  let intercept: CommunityIntercept | undefined;

  const answer = (exchange: CommunityExchange): CommunityResponse => {
    counters[exchange.via]++;
    const serve = (): CommunityResponse => answerRequest(state, exchange);
    const own = intercept?.(exchange, serve);
    return own === undefined ? serve() : asResponse(own);
  };
  const server = createServer((request, response) => {
    serveHttp(state, secretKey && { secretKey, publicKey }, answer, request, response).catch(() =>
      request.socket.destroy(),
    );
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  const port = await listen(server, 0);
  const url = `http://127.0.0.1:${port}`;
  const close = (): Promise<void> => stopServer(server);
  const roomOf = (token: string): Room => {
    const room = state.rooms.get(token.toLowerCase());
    if (room === undefined) throw invalidOption("there is no such room");
    return room;
  };
  return {
    url,
    publicKey: bytesToHex(publicKey),
    counters,
    link: (token) => `${url}/${roomOf(token).token}?public_key=${bytesToHex(publicKey)}`,
    addRoom: (room) => state.addRoom(room),
    setRole(id, role, rooms) {
      if (rooms === undefined) setGlobalRole(state, state.user(id), role);
      else for (const token of rooms) setRoomRole(roomOf(token), state.user(id), role);
    },
    post(token, { author, data, signature, posted }) {
      const about = { data, signature, whisperTo: undefined, whisperMods: false, filtered: false };
      const time = posted === undefined ? state.now() : posted / 1000;
      return state.addMessage(roomOf(token), { ...about, author: state.user(author), posted: time }).id;
    },
    intercept(own) {
      intercept = own;
    },
    skewClock(ms) {
      state.skew = ms;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function serverKeys(
  { secretKey, publicKey }: CommunityKeys,
  publicKeyOf: (secretKey: Uint8Array) => Uint8Array,
): { readonly secretKey: Uint8Array | undefined; readonly publicKey: Uint8Array } {
  for (const key of [secretKey, publicKey])
    if (key !== undefined && key.length !== 32) throw invalidOption("keys of a server have 32 bytes");
  if (secretKey !== undefined) return { secretKey, publicKey: publicKey ?? publicKeyOf(secretKey) };
  if (publicKey === undefined) throw invalidOption("a server has a secret key or a public key");
  return { secretKey, publicKey };
}

/** Authenticates a request and answers it. */
function answerRequest(state: CommunityState, request: CommunityRequest): CommunityResponse {
  return orRefusal(() => {
    applyFutures(state);
    const user = authenticate(state, request);
    return dispatch(state, user, request);
  });
}

function dispatch(
  state: CommunityState,
  user: User | undefined,
  request: CommunityRequest,
): CommunityResponse {
  return orRefusal(() => {
    let isKnown = false;
    for (const { method, pattern, answer } of ROUTES) {
      const match = pattern.exec(request.path);
      if (match === null) continue;
      isKnown = true;
      if (method !== request.method) continue;
      const again = (entry: CommunityRequest): CommunityResponse => dispatch(state, user, entry);
      return answer({ state, request, user, params: match.slice(1), again });
    }
    return pageResponse(isKnown ? 405 : 404);
  });
}

function orRefusal(task: () => CommunityResponse): CommunityResponse {
  try {
    return task();
  } catch (error) {
    const response = refusalOf(error);
    if (response === undefined) throw error;
    return response;
  }
}

async function serveHttp(
  state: CommunityState,
  keys: X25519KeyPair | undefined,
  answer: (exchange: CommunityExchange) => CommunityResponse,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", url = "" } = request;
  const body = await readBody(request, Math.ceil(state.maxFileBytes * BODY_OVERHEAD) + 65_536);
  if (body === undefined) send(response, pageResponse(413));
  else if (url === ONION_PATH) send(response, serveOnion(state, keys, answer, method, body));
  else {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value ?? "")]),
    );
    send(
      response,
      orRefusal(() => answer({ method, ...splitPath(url), headers, body, via: "plain" })),
    );
  }
}

function serveOnion(
  { crypto }: CommunityState,
  keys: X25519KeyPair | undefined,
  answer: (exchange: CommunityExchange) => CommunityResponse,
  method: string,
  body: Uint8Array,
): CommunityResponse {
  if (method !== "POST") return pageResponse(405);
  if (keys === undefined) return pageResponse(404);
  const sealed = answerSealed(body, keys, crypto, (inner) => {
    const headers = Object.fromEntries(
      Object.entries(inner.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return orRefusal(() =>
      answer({
        method: inner.method,
        ...splitPath(inner.endpoint),
        headers,
        body: inner.body ?? new Uint8Array(0),
        via: "onion",
      }),
    );
  });
  if (sealed === undefined) return pageResponse(400);
  return { status: 200, headers: { "content-type": "application/octet-stream" }, body: sealed };
}

function asResponse({ status, headers = {}, body }: CommunityAnswer): CommunityResponse {
  return { status, headers, body: typeof body === "string" ? utf8ToBytes(body) : body };
}

function send(response: ServerResponse, { status, headers, body }: CommunityResponse): void {
  if (response.destroyed) return;
  const length = status === 304 ? {} : { "content-length": body.length };
  response.writeHead(status, { ...headers, ...length }).end(body);
}
