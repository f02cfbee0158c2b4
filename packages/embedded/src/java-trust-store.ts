import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rootCertificates } from "node:tls";

const SYSTEM_BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
const JKS_MAGIC = 0xfeedfeed;
const JKS_VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Java reads none of the places where a machine says which certificates it trusts besides the usual ones, as behind a
 * company's proxy. This writes what Node and the system trust to a file of type JKS, Java's own format.
 */
export function writeJavaTrustStore(file: string): void {
  const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE } = process.env;
  const bundles = [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, ...SYSTEM_BUNDLES].filter((path) => path && existsSync(path));
  const pems = bundles.flatMap((path) => readFileSync(path!, "utf8").match(PEM) ?? []);
  const certificates = [...new Set([...rootCertificates, ...pems])].flatMap(toDer);
  writeFileSync(file, keyStore(certificates));
}

function toDer(pem: string): Buffer[] {
  try {
    return [new X509Certificate(pem).raw];
  } catch {
    return []; // one that Node cannot read would not have been trusted by it either
  }
}

function keyStore(certificates: readonly Buffer[]): Buffer {
  const entries = certificates.flatMap((der, index) => [
    ...[int32(TRUSTED_CERTIFICATE), text(`ca-${index}`), Buffer.alloc(8), text("X.509")],
    ...[int32(der.length), der],
  ]);
  const body = Buffer.concat([int32(JKS_MAGIC), int32(JKS_VERSION), int32(certificates.length), ...entries]);
  // The check sum over an empty password. Java does not look at it without one, but wants it to be there.
  return Buffer.concat([body, createHash("sha1").update("Mighty Aphrodite").update(body).digest()]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.alloc(2 + value.length);
  bytes.writeUInt16BE(value.length);
  bytes.write(value, 2, "latin1");
  return bytes;
}
