import { parseListenAddress } from "./listen-address.js";

export type ParsedBrokers =
  | { readonly kind: "brokers"; readonly brokers: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

/** What KAFKA_BROKERS must look like, for help and errors. */
export const KAFKA_BROKERS_EXPECTED = "expected host:port, several separated by commas";

/** Reads `kafka-1:9092,kafka-2:9092`. A URL gets its own answer: it is the usual slip, and no client says so. */
export function parseKafkaBrokers(text: string): ParsedBrokers {
  const brokers = text.split(",").map((broker) => broker.trim());
  for (const broker of brokers) {
    const [, scheme] = /^([a-z][a-z0-9+._-]*):\/\//i.exec(broker) ?? [];
    if (scheme !== undefined) return { kind: "refused", why: urlProblem(scheme) };
    const address = parseListenAddress(broker);
    if (address === undefined || address.port === 0) return { kind: "refused", why: KAFKA_BROKERS_EXPECTED };
  }
  return { kind: "brokers", brokers };
}

function urlProblem(scheme: string): string {
  const web = /^https?$/i.test(scheme);
  return web
    ? "Kafka listens on host:port, not at a URL: leave out the scheme and any path, and write the port of the Kafka protocol (often 9092)"
    : `leave out ${scheme}:// and write host:port; SIDING_KAFKA__SECURITY_PROTOCOL chooses the protocol`;
}
