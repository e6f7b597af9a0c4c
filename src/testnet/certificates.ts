/**
 * Self-signed TLS certificates, one for each node, with CN `localhost`, as a storage server makes at its first start
 * (docs/protocol/storage-server-behaviour.md §1; there with RSA, which takes a second to make, here with EC P-256).
 *
 * @module
 */

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const DAY = 86_400_000;

/** Makes a key and a certificate for it, valid from yesterday for ten years of the machine's clock. */
export async function createCertificate(): Promise<Certificate> {
  // Loaded when the first network starts: it costs more than the rest of the room together.
  const { generate } = await import("selfsigned");
  const now = Date.now();
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now + 3650 * DAY),
  });
  return { cert, key };
}
