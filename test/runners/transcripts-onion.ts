/**
 * Checks recorded onion requests (`onion-http.json`) without a server: every layer is peeled to its recorded plaintext
 * and rebuilt from it, every refusal of a node is reproduced, and every encrypted reply is opened.
 */
import { isDeepStrictEqual } from "node:util";
import type { Crypto, X25519KeyPair } from "session-messenger-sdk/crypto";
import { isSessionError } from "session-messenger-sdk/errors";
import {
  checkHopNumber,
  clientLayerSecret,
  decodeV4Reply,
  decryptLayer,
  decryptOnionReply,
  encryptLayer,
  type LayerSecret,
  nodeLayerSecret,
  type OnionLayer,
  type OnionRefusal,
  type OnionReplyKeys,
  onionRefusal,
  openNodeReply,
  openServerReply,
  openServerRequest,
  type PeeledLayer,
  packPayload,
  parseOnionRequest,
  peelOnionLayer,
  unpackPayload,
} from "session-messenger-sdk/onion";
import { fromHex, type Json, toHex } from "./op.js";

/** The outcome of one check. */
export interface TranscriptCheck {
  readonly case: string;
  readonly ok: boolean;
  readonly expected?: unknown;
  readonly got?: unknown;
}

/** Compares what `compute` returns; an exception is a failed check. */
type Check = (name: string, expected: unknown, compute: () => unknown) => void;

/** All checks of a transcript file of onion requests, in its order. */
export function checkOnionTranscripts(file: Json, crypto: Crypto): TranscriptCheck[] {
  const results: TranscriptCheck[] = [];
  for (const transcript of file.transcripts) {
    const check: Check = (name, expected, compute) => {
      const title = `${transcript.id}: ${name}`;
      try {
        const got = compute();
        const ok = isDeepStrictEqual(got, expected);
        results.push(ok ? { case: title, ok } : { case: title, ok, expected, got });
      } catch (error) {
        results.push({ case: title, ok: false, expected, got: String(error) });
      }
    };
    // A recording too broken to derive an expectation from is a failed check too.
    check("recording", undefined, () => {
      if (transcript.layers_innermost_first?.length > 0) checkLayered(check, transcript, crypto);
      else checkBodyAlone(check, transcript);
    });
  }
  return results;
}

/** A body of which no layers are recorded: the guard refuses it, or only its framing can be checked. */
function checkBodyAlone(check: Check, { response, request_body_hex }: Json): void {
  const body = fromHex(request_body_hex);
  if (response?.status === 400) {
    // Where and how the JSON is wrong is worded by the JSON library.
    const comparable = (text: string) => text.replace(/(parse error).*/s, "$1");
    check("refusal", { status: 400, body: comparable(response.body_text), encrypted: false }, () => {
      const refusal = refusalOf(() => parseOnionRequest(body));
      return { ...refusal, body: comparable(refusal.body) };
    });
    return;
  }
  check("body", request_body_hex, () =>
    toHex(packPayload(parseOnionRequest(body).ciphertext, controlOf(body))),
  );
}

function checkLayered(check: Check, transcript: Json, crypto: Crypto): void {
  const { id, response = {}, request_body_hex, server_saw } = transcript;
  const layers: Json[] = [...transcript.layers_innermost_first].reverse();
  const body = fromHex(request_body_hex);
  // In these the last byte of that hop's ciphertext was changed after encryption.
  const altered = Number(/^err\.invalid-ciphertext\.hop(\d+)$/.exec(id)?.[1] ?? 0) - 1;

  check("body", request_body_hex, () =>
    toHex(packPayload(fromHex(layers[0].ciphertext_hex), controlOf(body))),
  );
  for (const [index, layer] of layers.entries()) {
    const cut = index === altered ? -2 : undefined;
    check(`encrypt for ${layer.for}`, layer.ciphertext_hex.slice(0, cut), () =>
      toHex(
        encryptLayer(fromHex(layer.plaintext_hex), clientSecret(layer, crypto), crypto, fromHex(layer.nonce)),
      ).slice(0, cut),
    );
  }
  checkPeeling(check, layers, body, altered, response, crypto);
  if (response.encrypted_as !== undefined) checkReply(check, transcript, layers, crypto);
  if (server_saw !== undefined) checkServer(check, server_saw, layers, crypto);
}

/** What each node does with its layer, guard first, to the point where the recorded answer was made. */
function checkPeeling(
  check: Check,
  layers: readonly Json[],
  body: Uint8Array,
  altered: number,
  response: Json,
  crypto: Crypto,
): void {
  const { hopNo, ...first } = parseOnionRequest(body);
  let layer: OnionLayer = first;
  for (const [index, recorded] of layers.entries()) {
    const described = `peel at ${recorded.for}`;
    check(
      `${described}, header`,
      [recorded.ephemeral_pubkey, recorded.enc_type, recorded.ciphertext_hex],
      () => [toHex(layer.ephemeralKey), layer.encType, toHex(layer.ciphertext)],
    );
    if (index === altered) {
      check(described, plainRefusal(response), () =>
        refusalOf(() => peelOnionLayer(layer, pair(recorded), crypto)),
      );
      return;
    }
    check(described, recorded.plaintext_hex, () => {
      const secret = nodeLayerSecret(layer.encType, pair(recorded), layer.ephemeralKey, crypto);
      return toHex(decryptLayer(layer.ciphertext, secret, crypto));
    });
    if (recorded.for === "server") return;
    if (index > 0 && response.body_text === "onion request max path length exceeded" && hopNo + index > 15) {
      check(`${described}, hop number`, plainRefusal(response), () =>
        refusalOf(() => checkHopNumber(hopNo + index)),
      );
      return;
    }
    if (index > 0) check(`${described}, hop number`, undefined, () => checkHopNumber(hopNo + index));
    let peeled: PeeledLayer;
    try {
      peeled = peelOnionLayer(layer, pair(recorded), crypto);
    } catch (error) {
      check(`${described}, refusal`, sealedRefusal(response), () => onionRefusal(error) ?? error);
      return;
    }
    const next = layers[index + 1];
    check(`${described}, instruction`, instruction(recorded, next, response), () => summary(peeled));
    if (peeled.kind === "destination") return;
    layer = peeled.kind === "forward" ? peeled : parseOnionRequest(peeled.plaintext);
  }
}

/** What the peeled layer must say, taken from the recording. */
function instruction(recorded: Json, next: Json, response: Json): Json {
  const control = controlOf(fromHex(recorded.plaintext_hex));
  if (next === undefined)
    return { kind: "destination", json: control.json ?? false, base64: control.base64 ?? true };
  if (next.for === "server") {
    const { host, port = 443, protocol = "https", target } = control;
    return { kind: "server", host, port, protocol, target, plaintext: recorded.plaintext_hex };
  }
  // A hop that its predecessor does not know was replaced by an invented one.
  const unknown = /^Next node not found: ([0-9a-f]{64})$/.exec(response.body_text ?? "")?.[1];
  const destination = unknown === control.destination ? unknown : next.ed25519_pubkey;
  return { kind: "forward", destination };
}

function summary(peeled: PeeledLayer): Json {
  switch (peeled.kind) {
    case "destination":
      return { kind: peeled.kind, json: peeled.json, base64: peeled.base64 };
    case "forward":
      return { kind: peeled.kind, destination: peeled.destination };
    case "server":
      return { ...peeled, plaintext: toHex(peeled.plaintext) };
  }
}

/** The encrypted reply, opened as the client that made the request. */
function checkReply(check: Check, { response }: Json, layers: readonly Json[], crypto: Crypto): void {
  const body = fromHex(response.body_hex);
  const keys = replyKeys(layers, response.encrypted_as === "raw bytes", crypto);
  const toServer = layers.at(-1).for === "server";
  if (toServer && response.encrypted_as === "base64 text") {
    const { status, body: text } = JSON.parse(response.decrypted_utf8);
    const hop = layers.length - 2;
    const expected = { hop, node: layers[hop].ed25519_pubkey, status, body: text };
    check("reply of a hop", expected, () => detailsOf(() => openServerReply(body, keys, crypto)));
    return;
  }
  const raw = response.encrypted_as === "raw bytes" ? body : fromBase64(body);
  check("reply, decrypted", response.decrypted_utf8, () => utf8(decryptOnionReply(raw, keys, crypto)));
  if (toServer) {
    check("reply", decodeV4Reply(Buffer.from(response.decrypted_utf8)), () =>
      openServerReply(body, keys, crypto),
    );
    return;
  }
  const recorded = JSON.parse(response.decrypted_utf8);
  const isJson = typeof recorded.body !== "string" || recorded.body.startsWith("{");
  const expected = typeof recorded.body === "string" && isJson ? JSON.parse(recorded.body) : recorded.body;
  check("reply", { status: recorded.status, body: expected }, () => {
    const { status, body: got } = openNodeReply(body, keys, crypto);
    return { status, body: got };
  });
}

/** What the HTTP server got and answered. */
function checkServer(check: Check, saw: Json, layers: readonly Json[], crypto: Crypto): void {
  const server = layers.at(-1);
  check("server, body", saw.body_hex, () => layers.at(-2).plaintext_hex);
  check("server, payload", server.plaintext_hex, () =>
    toHex(openServerRequest(fromHex(saw.body_hex), pair(server), crypto).payload),
  );
  if (saw.response_hex !== undefined)
    check("server, response", saw.response_plain_utf8, () =>
      utf8(decryptOnionReply(fromHex(saw.response_hex), replyKeys(layers, false, crypto), crypto)),
    );
}

function replyKeys(layers: readonly Json[], rawReply: boolean, crypto: Crypto): OnionReplyKeys {
  const hops = layers.slice(0, -1).map((layer) => ({
    ed25519PublicKey: layer.ed25519_pubkey as string,
    secret: clientSecret(layer, crypto),
  }));
  return { destination: clientSecret(layers.at(-1), crypto), hops, rawReply };
}

function clientSecret(layer: Json, crypto: Crypto): LayerSecret {
  const ephemeral = {
    secretKey: fromHex(layer.ephemeral_seckey),
    publicKey: fromHex(layer.ephemeral_pubkey),
  };
  return clientLayerSecret(layer.enc_type, ephemeral, fromHex(layer.x25519_pubkey), crypto);
}

function pair(layer: Json): X25519KeyPair {
  return { secretKey: fromHex(layer.x25519_seckey), publicKey: fromHex(layer.x25519_pubkey) };
}

function plainRefusal({ status, body_text }: Json): OnionRefusal {
  return { status, body: body_text, encrypted: false };
}

function sealedRefusal({ decrypted_utf8 }: Json): OnionRefusal {
  const { status, body } = JSON.parse(decrypted_utf8 ?? "{}");
  return { status, body, encrypted: true };
}

function refusalOf(run: () => unknown): OnionRefusal {
  return expectError(run, (error) => onionRefusal(error));
}

function detailsOf(run: () => unknown): unknown {
  return expectError(run, (error) =>
    isSessionError(error, "ONION_HOP_ERROR") ? { ...error.details } : undefined,
  );
}

function expectError<T>(run: () => unknown, read: (error: unknown) => T | undefined): T {
  try {
    run();
  } catch (error) {
    const value = read(error);
    if (value === undefined) throw error;
    return value;
  }
  throw new Error("nothing was thrown");
}

function controlOf(packed: Uint8Array): Json {
  return unpackPayload(packed).control;
}

function fromBase64(body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(utf8(body), "base64"));
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
