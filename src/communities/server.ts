/**
 * A connection to a community server: signs calls, sends them, and reads what comes back
 * (docs/protocol/communities.md §2, §3, §7).
 *
 * ```text
 * call ─▶ who am I here? ─▶ sign (new nonce) ─▶ network ─▶ status ─▶ value
 *              ▲                  ▲                           │
 *              │ capabilities     │ clock                     │
 *              └── 400 ───────────┴── 425 ◀────── once ───────┘
 * ```
 *
 * @module
 */
import { type Crypto, defaultCrypto } from "../crypto/index.js";
import { isSessionError, SessionError } from "../errors/index.js";
import type { ValidationContext } from "../messages/index.js";
import type { CallOptions, ServerDestination } from "../network/index.js";
import { SingleFlight } from "../network/index.js";
import { batchCall, type Outcomes, sequenceCall } from "./batch.js";
import {
  type CommunityCall,
  type CommunityReply,
  describeCall,
  failedReply,
  isAccepted,
  isIdempotent,
  type ReadContext,
} from "./call.js";
import { type Capabilities, capabilities } from "./calls-rooms.js";
import { type CommunityErrorCode, invalidArgument, statusError } from "./errors.js";
import { type CommunityNetwork, canSendAgain, decodeReply, encodeRequest } from "./exchange.js";
import {
  type BlindingKind,
  type CommunityAccount,
  type CommunityIdentity,
  communityIdentity,
} from "./identity.js";
import { type CommunityAddress, communityDestination, parseBaseUrl, parseServerKey } from "./link.js";
import { signRequest } from "./request-signing.js";

/** Options of {@link connectCommunity}. */
export interface CommunityServerOptions {
  /** Who asks; anonymous when left out. */
  readonly account?: CommunityAccount | undefined;
  /** Overrides what the server's capabilities say: `15` when it wants blinding, else `00`. */
  readonly blinding?: BlindingKind | undefined;
  /** The receiver's state, for the rules about messages; `now` is the network's. */
  readonly validation?: Omit<ValidationContext, "now"> | undefined;
  readonly crypto?: Crypto | undefined;
}

/** Options of a call: as for the network, with `attempts` for all of them together. */
export type CommunityCallOptions = CallOptions;

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;

/**
 * Connects to a community server. Nothing is sent before the first call.
 *
 * @param network - onion requests: a `Network`; plain HTTPS, which shows the server one's address: `plainCommunityNetwork()`
 * @throws `COMMUNITY_LINK_INVALID`
 */
export function connectCommunity(
  network: CommunityNetwork,
  address: CommunityAddress,
  options: CommunityServerOptions = {},
): CommunityServer {
  return new CommunityServer(network, address, options);
}

/** See {@link connectCommunity}. */
export class CommunityServer {
  readonly baseUrl: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly account: CommunityAccount | undefined;
  readonly crypto: Crypto;
  readonly #network: CommunityNetwork;
  readonly #destination: ServerDestination;
  readonly #blinding: BlindingKind | undefined;
  readonly #validation: Omit<ValidationContext, "now">;
  readonly #identities = new Map<BlindingKind, CommunityIdentity>();
  readonly #learning = new SingleFlight<Capabilities>();
  #capabilities: Capabilities | undefined;

  constructor(network: CommunityNetwork, address: CommunityAddress, options: CommunityServerOptions) {
    this.baseUrl = parseBaseUrl(address.baseUrl);
    this.publicKey = parseServerKey(address.publicKey);
    this.account = options.account;
    this.crypto = options.crypto ?? defaultCrypto;
    this.#network = network;
    this.#destination = communityDestination({ baseUrl: this.baseUrl, publicKey: address.publicKey });
    this.#blinding = options.blinding;
    this.#validation = options.validation ?? {};
  }

  /** What the server last said it can do; `undefined` before it was asked. */
  get capabilities(): Capabilities | undefined {
    return this.#capabilities;
  }

  /** Time by the network's clock, milliseconds. */
  now(): number {
    return this.#network.clock.now();
  }

  /**
   * Who the account is on this server, asked for its capabilities if need be.
   *
   * @throws `COMMUNITY_NO_ACCOUNT`, and as {@link run}
   */
  async identity(options: CommunityCallOptions = {}): Promise<CommunityIdentity> {
    if (this.account === undefined) {
      throw new SessionError<CommunityErrorCode>("COMMUNITY_NO_ACCOUNT", "this needs an account");
    }
    if (this.#blinding !== undefined) return this.#identity(this.account, this.#blinding);
    const { blinding } = this.#capabilities ?? (await this.#learn(options));
    return this.#identity(this.account, blinding ? "15" : "00");
  }

  /**
   * Performs a call.
   *
   * Failures on the way are tried again, with a new signature, where the server cannot have seen the call or where doing
   * it twice does no harm. A refused time is compared with the network's once, a refused id with the capabilities.
   *
   * @throws `SessionError` with a {@link CommunityErrorCode}; and what the network throws
   */
  async run<Value>(call: CommunityCall<Value>, options: CommunityCallOptions = {}): Promise<Value> {
    if (typeof call?.read !== "function") throw invalidArgument("that is not a call");
    const identity = this.account === undefined ? undefined : await this.identity(options);
    let reply = await this.#exchange(call, identity, options);
    if (reply.status === 400 && identity?.kind === "00" && this.#blinding === undefined) {
      // The server may have begun to want blinding.
      const { blinding } = await this.#learn(options);
      if (blinding) reply = await this.#exchange(call, await this.identity(options), options);
    }
    if (!isAccepted(call, reply.status)) throw statusError(failedReply(reply), describeCall(call));
    return call.read(reply, this.#readContext());
  }

  /** Performs calls in one request, in no particular order. Each has its own outcome; an empty list sends nothing. */
  async batch<const Calls extends readonly CommunityCall<unknown>[]>(
    calls: Calls,
    options: CommunityCallOptions = {},
  ): Promise<Outcomes<Calls>> {
    if (calls.length === 0) return [] as unknown as Outcomes<Calls>;
    return await this.run(batchCall(calls), options);
  }

  /** Performs calls in one request and in order, up to the first that fails. */
  async sequence<const Calls extends readonly CommunityCall<unknown>[]>(
    calls: Calls,
    options: CommunityCallOptions = {},
  ): Promise<Outcomes<Calls>> {
    if (calls.length === 0) return [] as unknown as Outcomes<Calls>;
    return await this.run(sequenceCall(calls), options);
  }

  /** Takes note of capabilities that came with a batch. */
  learn(value: Capabilities): void {
    this.#capabilities = value;
  }

  /** Servers of either kind take this one request from a blinded id. */
  async #learn(options: CommunityCallOptions): Promise<Capabilities> {
    for (;;) {
      const isOwner = this.#learning.running === undefined;
      try {
        this.#capabilities = await this.#learning.run(() => this.#askCapabilities(options));
        return this.#capabilities;
      } catch (error) {
        // Whoever asked first has given up: that is no failure of those who waited for the answer.
        const isOthers = !isOwner && isSessionError(error, "ABORTED") && options.signal?.aborted !== true;
        if (!isOthers) throw error;
      }
    }
  }

  async #askCapabilities(options: CommunityCallOptions): Promise<Capabilities> {
    const call = capabilities();
    const identity = this.account === undefined ? undefined : this.#identity(this.account, "15");
    const reply = await this.#exchange(call, identity, options);
    if (!isAccepted(call, reply.status)) throw statusError(failedReply(reply), describeCall(call));
    return call.read(reply, this.#readContext());
  }

  /** Sends a call, and once more when the server refuses the time or the nonce. */
  async #exchange(
    call: CommunityCall<unknown>,
    identity: CommunityIdentity | undefined,
    options: CommunityCallOptions,
  ): Promise<CommunityReply> {
    const reply = await this.#send(call, identity, options);
    if (reply.status !== 425) return reply;
    await this.#network.clock.resync({ signal: options.signal });
    return await this.#send(call, identity, options);
  }

  async #send(
    call: CommunityCall<unknown>,
    identity: CommunityIdentity | undefined,
    options: CommunityCallOptions,
  ): Promise<CommunityReply> {
    const request = encodeRequest(call.request);
    const { attempts = ATTEMPTS, timeoutMs = call.timeoutMs ?? TIMEOUT_MS } = options;
    for (let attempt = 1; ; attempt++) {
      const signed = identity === undefined ? {} : this.#sign(call, request.body, identity);
      try {
        const reply = await this.#network.callServer(
          this.#destination,
          { ...request, headers: { ...request.headers, ...signed } },
          // The network would repeat the same nonce, which servers refuse.
          { ...options, timeoutMs, attempts: 1 },
        );
        return decodeReply(reply);
      } catch (error) {
        if (attempt >= attempts || !canSendAgain(error, isIdempotent(call))) throw error;
      }
    }
  }

  #sign(
    { request: { method, path } }: CommunityCall<unknown>,
    body: Uint8Array | undefined,
    identity: CommunityIdentity,
  ): Readonly<Record<string, string>> {
    return signRequest({ method, path, body }, identity, {
      serverPublicKey: this.publicKey,
      timestamp: Math.floor(this.now() / 1000),
      crypto: this.crypto,
    }).headers;
  }

  #identity(account: CommunityAccount, kind: BlindingKind): CommunityIdentity {
    const known = this.#identities.get(kind);
    if (known !== undefined) return known;
    const identity = communityIdentity(account, kind, this.publicKey, this.crypto);
    this.#identities.set(kind, identity);
    return identity;
  }

  #readContext(): ReadContext {
    const ownIds = new Set([...this.#identities.values()].map(({ id }): string => id));
    if (this.account !== undefined) ownIds.add(this.account.sessionId);
    return {
      crypto: this.crypto,
      baseUrl: this.baseUrl,
      ownIds,
      validation: { ...this.#validation, now: this.now() },
    };
  }
}
