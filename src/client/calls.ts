/**
 * `client.call`: the signalling of calls (docs/protocol/messages.md §10). Media is the app's own affair: what it needs is
 * carried as text between two peer connections.
 *
 * @module
 */
import { bytesToHex } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import type { AbortOptions } from "../errors/index.js";
import type { IceCandidate, OutgoingCall } from "../messages/index.js";
import { asSessionError } from "./errors.js";
import { approving, checkNotBlocked, timerOf } from "./outbound.js";
import { checkRecipient, invalidArgument } from "./targets.js";
import type { SendResult } from "./transmit.js";
import type { SendingWorld } from "./world.js";

/** Candidates are gathered for so long, ms. */
const DEBOUNCE_MS = 2_000;
/** Candidates of one call that wait to be sent. */
const MAX_CANDIDATES = 200;
const CALL_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Gathering {
  readonly to: string;
  readonly candidates: IceCandidate[];
  timer: unknown;
}

/** See the module's description. Ids of calls are UUIDs of version 4 in lower case, constant for the call. */
export class Calls {
  readonly #world: SendingWorld;
  readonly #gathering = new Map<string, Gathering>();

  readonly #crypto: Crypto;

  /** @internal */
  constructor(world: SendingWorld, crypto: Crypto) {
    this.#world = world;
    this.#crypto = crypto;
  }

  /** A new id. */
  newId(): string {
    const bytes = this.#crypto.randomBytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytesToHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /** Announces a call: their devices wake up. To call somebody is to accept them. */
  preOffer(to: string, callId: string, options: AbortOptions = {}): Promise<SendResult> {
    return this.#send(to, { step: "pre-offer", callId }, options);
  }

  /** Offers a session, at the start or anew. The description is changed as the apps do: {@link offerSdp}. */
  async offer(to: string, callId: string, sdp: string, options: AbortOptions = {}): Promise<SendResult> {
    return this.#send(to, { step: "offer", callId, sdp: offerSdp(checkSdp(sdp)) }, options);
  }

  /** Accepts a call. The own devices are told, so that they stop ringing. */
  async answer(to: string, callId: string, sdp: string, options: AbortOptions = {}): Promise<SendResult> {
    return this.#send(to, { step: "answer", callId, sdp: checkSdp(sdp) }, options);
  }

  /**
   * Adds a connectivity candidate: it is sent with all others of the call two seconds after the last one. A failure is
   * told by `error`.
   *
   * @throws `INVALID_ARGUMENT`, `ID_INVALID`, `CONTACT_BLOCKED`
   */
  addIceCandidate(to: string, callId: string, candidate: IceCandidate): void {
    const id = checkRecipient(to);
    checkCallId(callId);
    checkNotBlocked(this.#world, id);
    const { sdp, lineIndex, mid } = candidate;
    if (
      typeof sdp !== "string" ||
      typeof mid !== "string" ||
      !(Number.isSafeInteger(lineIndex) && lineIndex >= 0)
    )
      throw invalidArgument("the candidate lacks its line");
    const { timers, events } = this.#world;
    const gathering = this.#gathering.get(callId) ?? { to: id, candidates: [], timer: undefined };
    if (gathering.candidates.length >= MAX_CANDIDATES) throw invalidArgument("too many candidates at once");
    gathering.candidates.push({ sdp, lineIndex, mid });
    timers.clearTimeout(gathering.timer);
    gathering.timer = timers.setTimeout(() => {
      this.flush(callId).catch((error: unknown) =>
        events.emit("error", asSessionError(error, "SEND_FAILED", "candidates were not sent")),
      );
    }, DEBOUNCE_MS);
    this.#gathering.set(callId, gathering);
  }

  /** Sends the candidates that were added, now. */
  async flush(callId: string, options: AbortOptions = {}): Promise<SendResult | undefined> {
    const gathering = this.#take(callId);
    if (gathering === undefined) return undefined;
    const { to, candidates } = gathering;
    return this.#send(to, { step: "ice-candidates", callId, candidates }, options);
  }

  /** Hangs up. */
  end(to: string, callId: string, options: AbortOptions = {}): Promise<SendResult> {
    this.#take(callId);
    return this.#send(to, { step: "end", callId }, options, false);
  }

  /** Rejects a call that rings. The own devices are told, so that they stop ringing. */
  reject(to: string, callId: string, options: AbortOptions = {}): Promise<SendResult> {
    this.#take(callId);
    return this.#send(to, { step: "end", callId }, options);
  }

  /** @internal */
  close(): void {
    for (const callId of [...this.#gathering.keys()]) this.#take(callId);
  }

  #take(callId: string): Gathering | undefined {
    const gathering = this.#gathering.get(callId);
    this.#world.timers.clearTimeout(gathering?.timer);
    this.#gathering.delete(callId);
    return gathering;
  }

  async #send(
    to: string,
    call: Omit<OutgoingCall, "kind" | "expiration">,
    { signal }: AbortOptions,
    sync?: boolean,
  ): Promise<SendResult> {
    const world = this.#world;
    const id = checkRecipient(to);
    if (id === world.self) throw invalidArgument("one cannot call oneself");
    checkCallId(call.callId);
    checkNotBlocked(world, id);
    const begins = call.step === "pre-offer" || call.step === "answer";
    return world.sender.send(
      id,
      { ...call, kind: "call", expiration: timerOf(world, id) },
      { companions: begins ? approving(world, id) : undefined, signal, sync, queue: false },
    );
  }
}

/** The apps ask for a constant bit rate, and for no levels of loudness: both would tell what is said to who listens in. */
export function offerSdp(sdp: string): string {
  return sdp
    .split(/(?<=\n)/)
    .filter((line) => !line.includes("ssrc-audio-level"))
    .map((line) => line.replace(/^(a=fmtp:111[^;\r\n]*)[^\r\n]*/, "$1;cbr=1"))
    .join("");
}

function checkSdp(sdp: string): string {
  if (typeof sdp !== "string" || sdp === "") throw invalidArgument("the session description is empty");
  return sdp;
}

function checkCallId(callId: string): void {
  if (typeof callId !== "string" || !CALL_ID.test(callId))
    throw invalidArgument("the call's id is not a UUID of version 4 in lower case");
}
