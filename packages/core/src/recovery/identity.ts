import type { Identity } from "../ports/store.js";

/** What differs between the pinned identity and the one at hand (design §4, "Identity is pinned"). */
export function identityChanges(pinned: Identity, now: Identity): readonly (keyof Identity)[] {
  return (Object.keys(NAMES) as (keyof Identity)[]).filter((name) => pinned[name] !== now[name]);
}

/** The differences in words, in one line. */
export function describeIdentityChange(pinned: Identity, now: Identity): string {
  return identityChanges(pinned, now)
    .map((name) => `${NAMES[name]} was ${pinned[name]} and is ${now[name]}${MEANINGS[name]}`)
    .join("; ");
}

const NAMES: Record<keyof Identity, string> = {
  deployment: "SIDING_DEPLOYMENT",
  kafkaClusterId: "Kafka's cluster id",
  systemIdentifier: "Postgres' system identifier",
  timeline: "Postgres' timeline",
};

const MEANINGS: Record<keyof Identity, string> = {
  deployment: "",
  kafkaClusterId: " (another cluster behind the same address)",
  systemIdentifier: " (another server: a dump was restored, or the server upgraded)",
  timeline: " (a standby was promoted, or a backup recovered to a point in time)",
};
