import {
  type Crypto,
  decryptForMultiple,
  decryptForMultipleSimple,
  encryptForMultiple,
  encryptForMultipleSimple,
  type X25519KeyPair,
  x25519KeyPairFromEd25519,
} from "session-messenger-sdk/crypto";
import { SessionError } from "session-messenger-sdk/errors";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

/** The ops of multi-encrypt.json. */
export const multiOps: OpTable = {
  "multi.encrypt": (input, { crypto }) => ({
    ciphertexts: encryptForMultiple(
      input.messages.map(fromHex),
      input.recipients.map(fromHex),
      {
        nonce: fromHex(input.nonce),
        sender: ownKeys(input, crypto),
        domain: input.domain,
        ignoreInvalid: input.ignore_invalid,
      },
      crypto,
    ).map(toHex),
  }),

  "multi.decrypt": (input, { crypto }) =>
    message(
      decryptForMultiple(
        input.ciphertexts.map(fromHex),
        { ...reader(input, crypto), nonce: fromHex(input.nonce) },
        crypto,
      ),
    ),

  // The junk that fills a padded container is random: the recorded junk is handed to the library as its random source,
  // so that everything else of the container is compared byte for byte.
  "multi.encrypt_simple": (input, { crypto, expected }) => ({
    encoded: toHex(
      encryptForMultipleSimple(
        input.messages.map(fromHex),
        input.recipients.map(fromHex),
        {
          nonce: input.nonce === undefined ? undefined : fromHex(input.nonce),
          sender: ownKeys(input, crypto),
          domain: input.domain,
          pad: input.pad,
          ignoreInvalid: input.ignore_invalid,
          random: recordedJunk(expected, input.recipients.length),
        },
        crypto,
      ),
    ),
  }),

  "multi.decrypt_simple": (input, { crypto }) =>
    message(decryptForMultipleSimple(fromHex(input.encoded), reader(input, crypto), crypto)),
};

function message(bytes: Uint8Array | undefined): Json {
  if (bytes === undefined) throw new SessionError("NOT_FOR_US", "no entry opens");
  return { msg: toHex(bytes) };
}

function ownKeys(input: Json, crypto: Crypto): X25519KeyPair {
  return input.ed25519_sk === undefined
    ? { secretKey: fromHex(input.x25519_sk), publicKey: fromHex(input.x25519_pk) }
    : x25519KeyPairFromEd25519(fromHex(input.ed25519_sk), crypto);
}

function reader(
  input: Json,
  crypto: Crypto,
): { recipient: X25519KeyPair; sender: Uint8Array; domain: string } {
  const sender =
    input.sender_ed25519_pk === undefined
      ? fromHex(input.sender_x25519_pk)
      : crypto.ed25519PublicKeyToX25519(fromHex(input.sender_ed25519_pk));
  return { recipient: ownKeys(input, crypto), sender, domain: input.domain };
}

function recordedJunk(expected: Json, recipients: number): (length: number) => Uint8Array {
  const entries = typeof expected?.encoded === "string" ? entriesOf(fromHex(expected.encoded)) : [];
  let next = recipients;
  return (length) => {
    const junk = entries[next++];
    if (junk?.length !== length) throw new Error(`the container has no junk entry of ${length} bytes`);
    return junk;
  };
}

/** The strings of the list after `1:el`, read without the library. */
function entriesOf(container: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = Buffer.from(container).indexOf("1:el", 2 + 1 + 3 + 24) + 4;
  while (container[at] !== 0x65) {
    const colon = container.indexOf(0x3a, at);
    const length = Number(Buffer.from(container.subarray(at, colon)).toString());
    entries.push(container.slice(colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return entries;
}
