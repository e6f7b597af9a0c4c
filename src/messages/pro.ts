/**
 * Session Pro proofs (docs/protocol/messages.md section 9, docs/protocol/protobuf-schema.md section 8). Proofs are passed
 * through; with the backend's key they are checked too. Nothing is ever dropped for one that is not valid.
 *
 * ```text
 * layout A: backend signs BLAKE2b-32("ProProof________", version ‖ genIndexHash ‖ rotatingKey ‖ expireAtMs u64 LE)
 * layout B: backend signs "ProProof_v0_____" ‖ revocationTag ‖ rotatingKey ‖ decimal expiry in seconds
 * envelope: the rotating key signs the ciphertext
 * ```
 *
 * @module
 */
import { concatBytes, utf8ToBytes, writeUint64LE } from "../bytes/index.js";
import type { Crypto } from "../crypto/index.js";
import type { Content, ProProof } from "../proto/index.js";
import { TEXT_LIMIT } from "./limits.js";
import { countCodePoints } from "./names.js";

/** Expiry times above are in milliseconds, which only layout A has. */
const FIRST_MILLISECONDS = 100_000_000_000n;

/**
 * Which of the two layouts that share field numbers a proof has. In layout B `genIndexHash` holds the revocation tag
 * and `expireAtMs` the expiry in seconds.
 */
export function proProofLayout({ version, expireAtMs = 0n }: ProProof): "A" | "B" {
  return version !== undefined || expireAtMs >= FIRST_MILLISECONDS ? "A" : "B";
}

/** What an account with Session Pro sends with its messages. */
export interface ProCredential {
  /** By the backend; sent as it is, in whichever layout. */
  readonly proof: ProProof;
  /** Ed25519 secret key (64 bytes) of the rotating key that the proof names. */
  readonly rotatingKey: Uint8Array;
  /** Bit 0 badge, bit 1 animated picture. */
  readonly profileBits?: bigint | undefined;
}

/** `content` with the proof, if it uses anything of Session Pro: a profile feature, or a long text. */
export function withPro(content: Content, { proof, profileBits = 0n }: ProCredential): Content {
  const { dataMessage, messageRequestResponse } = content;
  if (dataMessage === undefined && messageRequestResponse === undefined) return content;
  const isLong = countCodePoints(dataMessage?.body ?? "") > TEXT_LIMIT;
  if (!isLong && profileBits === 0n) return content;
  const bits = {
    ...(profileBits === 0n ? {} : { profileBitset: profileBits }),
    ...(isLong ? { msgBitset: 1n } : {}),
  };
  return { ...content, proMessage: { proof, ...bits } };
}

/** Session Pro of a received message. */
export interface ProStatus {
  /**
   * `unchecked`: no backend key was given. `invalid`: no proof, one of a wrong form, or a signature that does not hold.
   * `expired`: valid, but over when the message was sent.
   */
  readonly status: "valid" | "invalid" | "expired" | "unchecked";
  /** Absent without a proof. */
  readonly layout?: "A" | "B" | undefined;
  /** Bit 0 badge, bit 1 animated picture. */
  readonly profileBits: bigint;
  /** Bit 0 more than 2,000 code points. */
  readonly messageBits: bigint;
}

/** What {@link readPro} looks at. */
export interface ProInput {
  readonly content: Content;
  /** The envelope's signature, 64 bytes. */
  readonly signature: Uint8Array | undefined;
  /** What it signs: the ciphertext. */
  readonly signed: Uint8Array;
  /** Ed25519 key of the Pro backend, 32 bytes. Without it nothing is checked. */
  readonly backendKey: Uint8Array | undefined;
}

/** The Pro status of a message; `undefined` for one that claims none. */
export function readPro(input: ProInput, crypto: Crypto): ProStatus | undefined {
  const { content, signature, signed, backendKey } = input;
  const { proMessage, sigTimestamp = 0n } = content;
  if (proMessage === undefined || signature === undefined) return undefined;
  const { proof, profileBitset: profileBits = 0n, msgBitset: messageBits = 0n } = proMessage;
  const status = (name: ProStatus["status"]): ProStatus => ({
    status: name,
    ...(proof === undefined ? {} : { layout: proProofLayout(proof) }),
    profileBits,
    messageBits,
  });
  if (proof === undefined || sigTimestamp === 0n) return status("invalid");
  const { genIndexHash: tag, rotatingPublicKey: rotating, sig, expireAtMs } = proof;
  if (tag?.length !== 32 || rotating?.length !== 32 || sig?.length !== 64 || expireAtMs === undefined) {
    return status("invalid");
  }
  if (backendKey === undefined) return status("unchecked");
  const layout = proProofLayout(proof);
  const text =
    layout === "A"
      ? crypto.blake2b(
          concatBytes(Uint8Array.of((proof.version ?? 0) & 0xff), tag, rotating, writeUint64LE(expireAtMs)),
          { size: 32, personal: utf8ToBytes("ProProof________") },
        )
      : concatBytes(utf8ToBytes("ProProof_v0_____"), tag, rotating, utf8ToBytes(String(expireAtMs)));
  if (!crypto.ed25519Verify(sig, text, backendKey)) return status("invalid");
  if (!crypto.ed25519Verify(signature, signed, rotating)) return status("invalid");
  const expiresAt = layout === "A" ? expireAtMs : expireAtMs * 1000n;
  return status(expiresAt < sigTimestamp ? "expired" : "valid");
}
