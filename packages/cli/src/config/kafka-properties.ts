/** One property of the Kafka client as an operator wrote it, under the name that Siding keeps it by. */
export type ParsedKafkaProperty =
  | { readonly kind: "property"; readonly name: string }
  | { readonly kind: "refused"; readonly why: string };

// One property may have two names. Kept under one, a flag replaces what the file says under the other, and a default
// of the producer's cannot stand beside the operator's own value.
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["metadata.broker.list", "bootstrap.servers"],
  ["request.required.acks", "acks"],
  ["max.in.flight.requests.per.connection", "max.in.flight"],
  ["queue.buffering.max.ms", "linger.ms"],
  ["message.send.max.retries", "retries"],
  ["compression.codec", "compression.type"],
  ["message.timeout.ms", "delivery.timeout.ms"],
  ["sasl.mechanisms", "sasl.mechanism"],
  ["auto.commit.enable", "enable.auto.commit"],
  ["log.level", "log_level"],
]);

const OWNED: ReadonlyMap<string, string> = new Map([
  ["bootstrap.servers", "the brokers are set by KAFKA_BROKERS"],
  ["transactional.id", "Siding names it after deployment and shard: it is what fences a relay that was replaced"],
  ["group.id", "Siding names its group after the deployment"],
  ["isolation.level", "a shard's progress must be read as read_committed"],
  ["enable.auto.commit", "a shard's progress is a record of the transaction that carries its events"],
]);

const RESTRICTED: ReadonlyMap<string, { readonly allowed: RegExp; readonly why: string }> = new Map([
  ["enable.idempotence", { allowed: /^true$/i, why: "only true is allowed: without it a retry may double an event" }],
  ["acks", { allowed: /^(all|-1)$/i, why: "only all is allowed: with fewer, a broker's failure loses events" }],
  ["max.in.flight", { allowed: /^[1-5]$/, why: "1 to 5 are allowed: with more, a retry may change the order" }],
]);

/**
 * Checks one client property against what Siding must own to keep its promises. Whether the client knows the property
 * at all is the client's to say, when it is made.
 * @param name in dotted form, such as `security.protocol`
 */
export function parseKafkaProperty(name: string, text: string): ParsedKafkaProperty {
  // Names with an underscore reach here dotted when they come from the environment, and as they are from the file.
  const dotted = name.replaceAll("_", ".");
  if (/\.cb$/.test(dotted)) return { kind: "refused", why: "a callback cannot be configured: Siding sets its own" };
  const canonical = ALIASES.get(dotted) ?? dotted;
  const owner = OWNED.get(canonical);
  if (owner !== undefined) return { kind: "refused", why: `not to be set: ${owner}` };
  if (!/^[a-z0-9]+([._][a-z0-9]+)*$/.test(canonical)) {
    return { kind: "refused", why: "expected the name of a Kafka client property, such as security.protocol" };
  }
  const restriction = RESTRICTED.get(canonical);
  if (restriction !== undefined && !restriction.allowed.test(text)) return { kind: "refused", why: restriction.why };
  if (text === "") return { kind: "refused", why: "expected a value; leave it out for the client's default" };
  return { kind: "property", name: canonical };
}

/** Whether the property's value must not be printed. Errs on the side of hiding. */
export function isSecretKafkaProperty(name: string): boolean {
  return /pass|secret|token|jaas|credential|private|key\.pem|keytab|oauthbearer\.config/i.test(
    name.replaceAll("_", "."),
  );
}
