/**
 * Self-signed TLS certificates, one for each node: X.509 v1 over an EC P-256 key, CN `localhost`, as a storage server
 * makes at its first start (docs/protocol/storage-server-behaviour.md §1; there with RSA, which takes a second to make).
 *
 *     Certificate = SEQUENCE { tbs, ecdsa-with-SHA256, BIT STRING signature }
 *     tbs = SEQUENCE { serial, ecdsa-with-SHA256, issuer, validity, subject, SubjectPublicKeyInfo }
 *
 * Node can make keys but not certificates, and a certificate with nothing in it is these few bytes of DER.
 *
 * @module
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;

/** SEQUENCE { OBJECT IDENTIFIER ecdsa-with-SHA256 (1.2.840.10045.4.3.2) } */
const ECDSA_WITH_SHA256: Buffer = /* @__PURE__ */ Buffer.from("300a06082a8648ce3d040302", "hex");
/** OBJECT IDENTIFIER commonName (2.5.4.3) */
const COMMON_NAME: Buffer = /* @__PURE__ */ Buffer.from("0603550403", "hex");

/** Makes a key and a certificate for it, valid from yesterday for ten years of the machine's clock. */
export function createCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serial = randomBytes(16);
  // Positive, and no leading zero byte.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from("localhost")))),
  );
  const now = Date.now();
  const day = 24 * 3600 * 1000;
  const tbs = der(
    SEQUENCE,
    der(INTEGER, serial),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, utcTime(now - day), utcTime(now + 3650 * day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", tbs, privateKey);
  const certificate = der(SEQUENCE, tbs, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.of(0), signature));
  return {
    cert: pem(certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), body]);
}

/** YYMMDDhhmmssZ, good until 2049. */
function utcTime(time: number): Buffer {
  const digits = new Date(time).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(UTC_TIME, Buffer.from(`${digits}Z`));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
