/**
 * Who somebody is towards a community server: a blinded id, or the account itself
 * (docs/protocol/communities.md §3 to §5).
 *
 * @module
 */
import { type Crypto, defaultCrypto, xed25519Sign } from "../crypto/index.js";
import {
  type Account,
  type BlindedId,
  blind15KeyPair,
  blind25KeyPair,
  blindedSign,
  idFromPublicKey,
  type SessionId,
  type UnblindedId,
} from "../identity/index.js";

/** The part of an account that signs. */
export type CommunityAccount = Pick<Account, "ed25519" | "x25519" | "sessionId">;

/** How an account shows itself: `15` is what servers know, `25` a second version for those to come, `00` unblinded. */
export type BlindingKind = "15" | "25" | "00";

/** Keys of an account on one server. */
export interface CommunityIdentity {
  readonly kind: BlindingKind;
  /** Value of the `X-SOGS-Pubkey` header. */
  readonly headerId: BlindedId | UnblindedId;
  /** The author that others see. */
  readonly id: BlindedId | SessionId;
  /** Signs a request. 64 bytes. */
  signRequest(bytes: Uint8Array): Uint8Array;
  /** Signs the padded data of a room message. 64 bytes. */
  signMessage(data: Uint8Array): Uint8Array;
}

/**
 * The identity of an account on a server.
 *
 * @param serverPublicKey - 32 bytes
 */
export function communityIdentity(
  account: CommunityAccount,
  kind: BlindingKind,
  serverPublicKey: Uint8Array,
  crypto: Crypto = defaultCrypto,
): CommunityIdentity {
  const { ed25519, x25519, sessionId } = account;
  if (kind === "00") {
    return {
      kind,
      headerId: idFromPublicKey("00", ed25519.publicKey),
      id: sessionId,
      signRequest: (bytes) => crypto.ed25519Sign(bytes, ed25519.secretKey),
      signMessage: (data) => xed25519Sign(x25519.secretKey, data, undefined, crypto),
    };
  }
  const make = kind === "15" ? blind15KeyPair : blind25KeyPair;
  const keys = make(ed25519.secretKey, serverPublicKey, crypto);
  const sign = (bytes: Uint8Array): Uint8Array => blindedSign(keys, ed25519.secretKey, bytes, crypto);
  return { kind, headerId: keys.id, id: keys.id, signRequest: sign, signMessage: sign };
}
