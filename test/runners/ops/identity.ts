import { bytesToBase64 } from "session-messenger-sdk/bytes";
import {
  accountFromSeed,
  type BlindedKeyPair,
  blind15Factor,
  blind15IdFromEd25519,
  blind15Ids,
  blind15KeyPair,
  blind15Sign,
  blind25Factor,
  blind25Id,
  blind25IdFromEd25519,
  blind25KeyPair,
  blind25Sign,
  blindVersionKeyPair,
  blindVersionSign,
  blindVersionSignRequest,
  decryptNameValue,
  matchesBlindedId,
  nameDecryptionKey,
  nameHash,
  parseBlindedId,
  parseSessionId,
  sessionIdFromEd25519,
} from "session-messenger-sdk/identity";
import { fromHex, type Json, type OpTable, toHex } from "../op.js";

const showBlinded = (keys: BlindedKeyPair): Json => ({
  id: keys.id,
  pk: toHex(keys.publicKey),
  sk: toHex(keys.secretKey),
  k: toHex(keys.factor),
});

/** Accounts, blinding, the version key, and registered names. */
export const identityOps: OpTable = {
  "identity.from_seed": ({ seed }, { crypto }) => {
    const account = accountFromSeed(fromHex(seed), crypto);
    return {
      seed32: toHex(account.ed25519.secretKey.subarray(0, 32)),
      ed25519_pk: toHex(account.ed25519.publicKey),
      ed25519_sk: toHex(account.ed25519.secretKey),
      x25519_pk: toHex(account.x25519.publicKey),
      x25519_sk: toHex(account.x25519.secretKey),
      session_id: account.sessionId,
    };
  },

  "blind15.factor": ({ server_pk }, { crypto }) => ({ k: toHex(blind15Factor(fromHex(server_pk), crypto)) }),
  "blind25.factor": ({ session_id, server_pk }, { crypto }) => ({
    k: toHex(blind25Factor(parseSessionId(session_id), fromHex(server_pk), crypto)),
  }),
  "blind15.id": ({ session_id, server_pk }, { crypto }) => ({
    ...blind15Ids(parseSessionId(session_id), fromHex(server_pk), crypto),
  }),
  "blind25.id": ({ session_id, server_pk }, { crypto }) => ({
    id: blind25Id(parseSessionId(session_id), fromHex(server_pk), crypto),
  }),
  "blind15.id_from_ed": ({ ed25519_pk, server_pk }, { crypto }) => ({
    id: blind15IdFromEd25519(fromHex(ed25519_pk), fromHex(server_pk), crypto),
    session_id: sessionIdFromEd25519(fromHex(ed25519_pk), crypto),
  }),
  "blind25.id_from_ed": ({ ed25519_pk, server_pk }, { crypto }) => ({
    id: blind25IdFromEd25519(fromHex(ed25519_pk), fromHex(server_pk), crypto),
    session_id: sessionIdFromEd25519(fromHex(ed25519_pk), crypto),
  }),
  "blind15.key_pair": ({ ed25519_sk, server_pk }, { crypto }) =>
    showBlinded(blind15KeyPair(fromHex(ed25519_sk), fromHex(server_pk), crypto)),
  "blind25.key_pair": ({ ed25519_sk, server_pk }, { crypto }) =>
    showBlinded(blind25KeyPair(fromHex(ed25519_sk), fromHex(server_pk), crypto)),
  "blind15.sign": ({ ed25519_sk, server_pk, msg }, { crypto }) => ({
    sig: toHex(blind15Sign(fromHex(ed25519_sk), fromHex(server_pk), fromHex(msg), crypto)),
  }),
  "blind25.sign": ({ ed25519_sk, server_pk, msg }, { crypto }) => ({
    sig: toHex(blind25Sign(fromHex(ed25519_sk), fromHex(server_pk), fromHex(msg), crypto)),
  }),
  "blind.matches": ({ session_id, blinded_id, server_pk }, { crypto }) => ({
    matches: matchesBlindedId(
      parseSessionId(session_id),
      parseBlindedId(blinded_id),
      fromHex(server_pk),
      crypto,
    ),
  }),

  "blind_version.key_pair": ({ ed25519_sk }, { crypto }) => {
    const keys = blindVersionKeyPair(fromHex(ed25519_sk), crypto);
    return { id: keys.id, pk: toHex(keys.publicKey), sk: toHex(keys.secretKey) };
  },
  "blind_version.sign": ({ ed25519_sk, platform, timestamp_s }, { crypto }) => ({
    sig: toHex(blindVersionSign(fromHex(ed25519_sk), platform, timestamp_s, crypto)),
  }),
  "blind_version.sign_request": ({ ed25519_sk, timestamp_s, method, path, body }, { crypto }) => ({
    sig: toHex(
      blindVersionSignRequest(
        fromHex(ed25519_sk),
        { timestamp: timestamp_s, method, path, body: body === null ? undefined : fromHex(body) },
        crypto,
      ),
    ),
  }),

  "ons.name_hash": ({ name }, { crypto }) => ({
    hash: toHex(nameHash(name, crypto)),
    hash_base64: bytesToBase64(nameHash(name, crypto)),
    decryption_key: toHex(nameDecryptionKey(name, crypto)),
  }),
  "ons.decrypt": ({ name, ciphertext, nonce }, { crypto }) => ({
    session_id: decryptNameValue({ name, ciphertext: fromHex(ciphertext), nonce: fromHex(nonce) }, crypto),
  }),
};
