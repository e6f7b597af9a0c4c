import { nodeCrypto } from "session-messenger-sdk/crypto/node";
import { isSessionError, SessionError } from "session-messenger-sdk/errors";
import type { FileNetwork } from "session-messenger-sdk/files";
import {
  buildOnionRequest,
  encodeV4Request,
  openServerReply,
  parseOnionRequest,
  peelOnionLayer,
} from "session-messenger-sdk/onion";
import { expect } from "vitest";

/** The code and reason of the error that `call` ends with. */
export async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (!isSessionError(error)) throw error;
    const { reason } = error.details;
    return typeof reason === "string" ? `${error.code} ${reason}` : error.code;
  }
  return expect.fail("the call succeeded");
}

/** Everything that a source gives, joined. */
export async function collect(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

/** Equality of bytes; `toEqual` looks at them one by one. */
export function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0) expect(actual).toEqual(expected);
}

/** `bytes` in pieces of these sizes, again and again. */
export function* cut(bytes: Uint8Array, ...sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Bytes that are no pattern and the same in every run. */
export function sampleBytes(length: number, label = "sample"): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += 64, block++) {
    const digest = nodeCrypto.sha512(new TextEncoder().encode(`${label} ${block}`));
    out.set(digest.subarray(0, Math.min(64, length - at)), at);
  }
  return out;
}

/** `bytes` with one bit changed. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  changed[at]! ^= 1 << (at % 8);
  return changed;
}

/**
 * A network of one hop that lives in this process: the request is sealed for the server, peeled by the hop and posted to
 * the server over HTTP; the answer is opened. No retries of its own.
 */
export function oneHopNetwork(): FileNetwork & { readonly requests: string[] } {
  const secretKey = nodeCrypto.sha256(new TextEncoder().encode("hop"));
  const hop = { secretKey, publicKey: nodeCrypto.x25519PublicKey(secretKey) };
  const path = [
    { ed25519PublicKey: "00".repeat(32), x25519PublicKey: Buffer.from(hop.publicKey).toString("hex") },
  ];
  const requests: string[] = [];
  return {
    requests,
    async callServer(server, request, { signal, timeoutMs = 10_000, onProgress } = {}) {
      requests.push(`${request.method} ${request.endpoint}`);
      const payload = encodeV4Request({ ...request, headers: request.headers ?? {} });
      const { body, keys } = buildOnionRequest({ path, destination: { kind: "server", ...server }, payload });
      const peeled = peelOnionLayer(parseOnionRequest(body), hop);
      if (peeled.kind !== "server") throw new Error("the hop is not the last one");
      onProgress?.({ direction: "sent", bytes: body.length >> 1, total: body.length });
      const reply = await post(
        peeled,
        AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
        signal,
      );
      onProgress?.({ direction: "sent", bytes: body.length, total: body.length });
      if (reply.status !== 200)
        throw new SessionError("SERVER_REFUSED", "refused", { details: { status: reply.status } });
      onProgress?.({ direction: "received", bytes: reply.body.length, total: reply.body.length });
      return { ...openServerReply(reply.body, keys), path: [] };
    },
  };
}

async function post(
  {
    protocol,
    host,
    port,
    target,
    plaintext,
  }: { protocol: string; host: string; port: number; target: string; plaintext: Uint8Array },
  signal: AbortSignal,
  users: AbortSignal | undefined,
): Promise<{ status: number; body: Uint8Array }> {
  try {
    const response = await fetch(`${protocol}://${host}:${port}${target}`, {
      method: "POST",
      body: plaintext as BodyInit,
      signal,
    });
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (cause) {
    if (users?.aborted) throw new SessionError("ABORTED", "aborted", { cause });
    throw new SessionError(signal.aborted ? "TIMEOUT" : "SERVER_UNREACHABLE", "no answer", { cause });
  }
}
