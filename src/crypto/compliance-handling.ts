/**
 * Compliance: arguments are only read, results stand alone.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "../bytes/index.js";
import { type ComplianceCheck, expectBytes, expectEqual, run } from "./compliance-assert.js";
import { AEADS, KEY, MESSAGE, RECIPIENT } from "./compliance-cipher.js";

export const handlingChecks: readonly ComplianceCheck[] = [
  {
    name: "arguments may be views at odd offsets, and are left as they are",
    run: (crypto) => {
      for (const { nonce, encrypt, decrypt, box } of AEADS) {
        const views = [KEY, nonce, MESSAGE, hexToBytes(box)].map(oddView) as [View, View, View, View];
        const [key, iv, message, sealed] = views.map(({ view }) => view) as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ];
        expectBytes(encrypt(crypto, key, iv, message), box);
        expectUnchanged(views);
        expectBytes(decrypt(crypto, key, iv, sealed), bytesToHex(MESSAGE));
        expectUnchanged(views);
      }
      const secret = oddView(KEY);
      const pair = crypto.ed25519KeyPair(secret.view);
      expectEqual(
        crypto.ed25519Verify(crypto.ed25519Sign(MESSAGE, pair.secretKey), MESSAGE, pair.publicKey),
        true,
        "own",
      );
      crypto.ed25519SecretKeyToX25519(secret.view);
      crypto.x25519(secret.view, RECIPIENT.publicKey);
      expectUnchanged([secret]);
    },
  },
  {
    name: "results are plain arrays that hold nothing beyond themselves",
    run: (crypto) => {
      const pair = crypto.ed25519KeyPair(KEY);
      const results: Uint8Array[] = [
        crypto.randomBytes(8),
        crypto.sha256(MESSAGE),
        crypto.sha512(MESSAGE),
        crypto.hmacSha256(KEY, MESSAGE),
        crypto.blake2b(MESSAGE, { size: 20 }),
        pair.publicKey,
        pair.secretKey,
        crypto.ed25519Sign(MESSAGE, pair.secretKey),
        crypto.ed25519PublicKeyToX25519(pair.publicKey),
        crypto.ed25519SecretKeyToX25519(KEY),
        crypto.x25519PublicKey(KEY),
        crypto.x25519(KEY, RECIPIENT.publicKey),
        crypto.scalarReduce(run(0, 64)),
        crypto.pointMultiplyBase(KEY),
      ];
      for (const result of results) {
        expectEqual(
          Object.getPrototypeOf(result),
          Uint8Array.prototype,
          "a result is not a plain Uint8Array",
        );
        expectEqual(result.buffer.byteLength, result.length, "a result is a window on a larger buffer");
      }
    },
  },
];

function expectUnchanged(views: readonly View[]): void {
  for (const { whole, before } of views) expectEqual(bytesToHex(whole), before, "an argument was changed");
}

interface View {
  readonly view: Uint8Array;
  readonly whole: Uint8Array;
  readonly before: string;
}

/** The same bytes as a view at an odd offset of a larger buffer. */
function oddView(bytes: Uint8Array): View {
  const whole = new Uint8Array(bytes.length + 8).fill(0xee);
  whole.set(bytes, 3);
  return { view: whole.subarray(3, 3 + bytes.length), whole, before: bytesToHex(whole) };
}
