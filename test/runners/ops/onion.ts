import { isDeepStrictEqual } from "node:util";
import type { Crypto, X25519KeyPair } from "session-messenger-sdk/crypto";
import {
  buildOnionRequest,
  type ClientEncType,
  clientLayerSecret,
  decodeV4Reply,
  decryptLayer,
  decryptOnionReply,
  nodeLayerSecret,
  type OnionDestination,
  onionReplyKeys,
  openNodeReply,
  openServerRequest,
  parseOnionRequest,
  peelOnionLayer,
  unpackPayload,
} from "session-messenger-sdk/onion";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

/** The ops of onion.json and onion-response.json. */
export const onionOps: OpTable = {
  // Ephemeral keys are random, so the recorded blob is peeled, and one built from the same inputs must peel to the
  // same payload.
  "onion.path": (input, { crypto, expected }) => {
    checkOwnRequest(input, crypto);
    const nodes = [...input.hops, ...(input.destination.type === "snode" ? [input.destination] : [])];
    const layers: Json[] = [];
    let request: string = expected.blob;
    for (const [node, keys] of nodes.entries()) {
      const layer = peel(request, keys, crypto);
      layers.push({
        node,
        x25519_sk: keys.x25519_sk,
        x25519_pk: keys.x25519_pk,
        request,
        ephemeral_pk: layer.remote_pk,
        decrypted: layer.decrypted,
        inner: layer.inner,
        control: layer.control,
      });
      request = layer.decrypted;
    }
    if (input.destination.type === "server") layers.push(serverLayer(request, input.destination, crypto));
    const last = layers.at(-1);
    const final = { secretKey: fromHex(expected.final_x25519_sk), publicKey: fromHex(last.ephemeral_pk) };
    checkFinalKey(final, last, input, crypto);
    return {
      blob: expected.blob,
      final_x25519_pk: toHex(final.publicKey),
      final_x25519_sk: toHex(final.secretKey),
      layers,
    };
  },

  "onion.peel": (input, { crypto }) => peel(input.request, input, crypto),

  "onion.hop_decrypt": (input, { crypto }) => {
    const remote = fromHex(input.remote_pk);
    const secret = input.server
      ? nodeLayerSecret(input.enc_type, pair(input), remote, crypto)
      : clientLayerSecret(input.enc_type, pair(input), remote, crypto);
    return { plaintext: toHex(decryptLayer(fromHex(input.ciphertext), secret, crypto)) };
  },

  "onion.decrypt_response": (input, { crypto }) => ({
    plaintext: toHex(decryptOnionReply(fromHex(input.ciphertext), replyKeys(input, crypto), crypto)),
  }),

  "v4.parse": (input) => {
    const { status, headers, body } = decodeV4Reply(fromHex(input.data));
    return { code: status, headers, body: toHex(body) };
  },

  "v3.parse": (input, { crypto }) => {
    const reply = openNodeReply(new TextEncoder().encode(input.base64), replyKeys(input, crypto), crypto);
    return { status: reply.status, body: reply.body };
  },
};

function pair(keys: Json): X25519KeyPair {
  return { secretKey: fromHex(keys.x25519_sk), publicKey: fromHex(keys.x25519_pk) };
}

function replyKeys(input: Json, crypto: Crypto): ReturnType<typeof onionReplyKeys> {
  return onionReplyKeys(
    {
      encType: input.enc_type,
      ephemeral: { secretKey: fromHex(input.final_x25519_sk), publicKey: fromHex(input.final_x25519_pk) },
      destination: fromHex(input.destination_x25519_pk),
    },
    crypto,
  );
}

function peel(request: string, keys: Json, crypto: Crypto): Json {
  const layer = parseOnionRequest(fromHex(request));
  const secret = nodeLayerSecret(layer.encType, pair(keys), layer.ephemeralKey, crypto);
  const decrypted = decryptLayer(layer.ciphertext, secret, crypto);
  const { blob, control } = unpackPayload(decrypted);
  return {
    decrypted: toHex(decrypted),
    remote_pk: toHex(layer.ephemeralKey),
    inner: toHex(blob),
    control: { ...control },
  };
}

function serverLayer(request: string, server: Json, crypto: Crypto): Json {
  const { payload, ephemeralKey } = openServerRequest(fromHex(request), pair(server), crypto);
  return {
    node: "server",
    x25519_sk: server.x25519_sk,
    x25519_pk: server.x25519_pk,
    ephemeral_pk: toHex(ephemeralKey),
    ciphertext: toHex(unpackPayload(fromHex(request)).blob),
    decrypted: toHex(payload),
  };
}

/** The recorded secret key must be the one of the innermost layer: as the client, it opens that layer too. */
function checkFinalKey(final: X25519KeyPair, last: Json, input: Json, crypto: Crypto): void {
  const secret = clientLayerSecret(input.enc_type, final, fromHex(input.destination.x25519_pk), crypto);
  const ciphertext =
    last.ciphertext === undefined
      ? parseOnionRequest(fromHex(last.request)).ciphertext
      : fromHex(last.ciphertext);
  if (toHex(decryptLayer(ciphertext, secret, crypto)) !== last.decrypted)
    throw new Error("the final key does not open the innermost layer");
}

function checkOwnRequest(input: Json, crypto: Crypto): void {
  const payload = fromHex(input.payload);
  const { body } = buildOnionRequest({
    path: input.hops.map(hop),
    destination: destinationOf(input.destination),
    payload,
    encType: input.enc_type as ClientEncType,
    crypto,
  });
  const got = peelAll(body, input, crypto);
  if (got !== input.payload) throw new Error(`an own request peels to ${got}`);
}

function peelAll(body: Uint8Array, input: Json, crypto: Crypto): string {
  let layer: Parameters<typeof peelOnionLayer>[0] = parseOnionRequest(body);
  const next = [...input.hops.slice(1), input.destination];
  for (const [index, keys] of input.hops.entries()) {
    const peeled = peelOnionLayer(layer, pair(keys), crypto);
    if (peeled.kind === "server") {
      const { host, port, protocol, target, plaintext } = peeled;
      const wanted = destinationOf(input.destination);
      if (wanted.kind !== "server") throw new Error("an own request goes to a server");
      const got = { kind: "server", host, port, protocol, target, x25519PublicKey: wanted.x25519PublicKey };
      if (!isDeepStrictEqual(got, wanted)) throw new Error("an own request names another server");
      return toHex(openServerRequest(plaintext, pair(input.destination), crypto).payload);
    }
    if (peeled.kind !== "forward" || peeled.destination !== next[index].ed25519_pk)
      throw new Error(`hop ${index} of an own request does not lead on`);
    layer = peeled;
  }
  const peeled = peelOnionLayer(layer, pair(input.destination), crypto);
  if (peeled.kind !== "destination") throw new Error("an own request does not end at its destination");
  return toHex(peeled.payload);
}

function hop(keys: Json): { ed25519PublicKey: string; x25519PublicKey: string } {
  return { ed25519PublicKey: keys.ed25519_pk, x25519PublicKey: keys.x25519_pk };
}

function destinationOf(destination: Json): OnionDestination {
  if (destination.type === "snode") return { kind: "node", node: hop(destination) };
  const { host, target, protocol, port, x25519_pk } = destination;
  return { kind: "server", host, port: port ?? 443, protocol, target, x25519PublicKey: x25519_pk };
}
