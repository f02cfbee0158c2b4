import { readFileSync } from "node:fs";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import { type Compression, compressionOf } from "./compression.js";
import type { SaslOptions } from "./sasl.js";

export interface WireSecurity {
  readonly tls: TlsOptions | null;
  readonly sasl: SaslOptions | null;
}

export interface WireSettings {
  readonly security: WireSecurity;
  readonly compression: Compression;
}

/** By the operator's property: what it says to the connection. */
const KNOWN = new Set([
  "security.protocol",
  "sasl.mechanism",
  "sasl.username",
  "sasl.password",
  "ssl.ca.location",
  "ssl.ca.pem",
  "ssl.certificate.location",
  "ssl.certificate.pem",
  "ssl.key.location",
  "ssl.key.pem",
  "ssl.key.password",
  "compression.type",
  "message.max.bytes",
]);
/** The client's own limit unless told otherwise; above it is nothing that would be tried here. */
const MESSAGE_BYTES_MIN = 1_000_000;
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

/**
 * What the operator's client properties come to here, null where one of them is nothing that this connection would
 * heed: then everything goes by the client, which does.
 */
export function wireSettings(properties: Readonly<Record<string, string>>): WireSettings | null {
  if (Object.keys(properties).some((name) => !KNOWN.has(name))) return null;
  const compression = compressionOf(properties["compression.type"] ?? "snappy");
  const protocol = (properties["security.protocol"] ?? "plaintext").toLowerCase();
  if (Number(properties["message.max.bytes"] ?? MESSAGE_BYTES_MIN) < MESSAGE_BYTES_MIN) return null;
  if (compression === null || !/^(sasl_)?(plaintext|ssl)$/.test(protocol)) return null;
  const sasl = protocol.startsWith("sasl_") ? saslOf(properties) : null;
  if (protocol.startsWith("sasl_") && sasl === null) return null;
  try {
    const tls = protocol.endsWith("ssl") ? tlsOf(properties) : null;
    if (protocol.endsWith("ssl") && tls === null) return null;
    return { security: { tls, sasl }, compression };
  } catch {
    return null; // a file that cannot be read: the client says so better
  }
}

function saslOf(properties: Readonly<Record<string, string>>): SaslOptions | null {
  const mechanism = MECHANISMS.find((each) => each === properties["sasl.mechanism"]);
  const { "sasl.username": username, "sasl.password": password } = properties;
  return mechanism && username !== undefined && password !== undefined ? { mechanism, username, password } : null;
}

/** The certificate's name is checked, as by the client (ssl.endpoint.identification.algorithm, https by default). */
function tlsOf(properties: Readonly<Record<string, string>>): TlsOptions | null {
  const text = (name: string): string | undefined => {
    const location = properties[`${name}.location`];
    return properties[`${name}.pem`] ?? (location === undefined ? undefined : readFileSync(location, "utf8"));
  };
  const [ca, cert, key] = ["ssl.ca", "ssl.certificate", "ssl.key"].map(text);
  // Whom the client trusts by default is not whom Node does.
  if (ca === undefined) return null;
  const passphrase = properties["ssl.key.password"];
  return {
    ca,
    rejectUnauthorized: true,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
}
