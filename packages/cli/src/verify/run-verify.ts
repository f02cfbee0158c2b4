import { SidingError } from "@siding/core/errors.js";
import { describeIdentityChange, identityChanges } from "@siding/core/recovery/identity.js";
import { Census, type Fault, type FaultyEvent } from "@siding/core/verify/census.js";
import { type RecordedRange, recordedRange } from "@siding/core/verify/recorded-range.js";
import type { TopicTally } from "@siding/core/verify/tally.js";
import { type KafkaOptions, producerId } from "@siding/publisher-kafka/client-config.js";
import { KafkaPublisher } from "@siding/publisher-kafka/kafka-publisher.js";
import { CLOCK_MARGIN_MS, type DeletedStart, scanEventIds } from "@siding/publisher-kafka/scan-event-ids.js";
import { type VerifyDeployment, type VerifyShard, VerifyStore } from "@siding/store-postgres/verify-store.js";
import { requireSetting } from "../config/load-config.js";
import type { SidingConfig } from "../config/settings.js";
import { compareSums } from "./compare-sums.js";
import type { NamedFault, VerifyReport } from "./verify-report.js";

/** About 65 bytes each in memory. */
const EVENTS_MAX = 10_000_000;
const NAMED_MAX = 10_000;
/** Each call reads the log once. */
const STATUS_CHUNK = 100_000;
/** How far back records are read beyond the time asked for, so that what Kafka holds from just before is known. */
const BEFORE_SINCE_MS = 20 * 60_000;

/** A relay that dies between Kafka's reports and Postgres' commit publishes again, and this delivery says so. */
const ALLOWED_AT_LEAST_ONCE: readonly Fault[] = ["doubled", "unpublished"];

/** Postgres' word at one moment: what must be in Kafka. */
interface Claim {
  readonly now: string;
  readonly shards: readonly VerifyShard[];
  readonly ranges: ReadonlyMap<number, RecordedRange>;
  readonly census: Census;
  readonly required: number;
  /** From when on (Unix ms) each topic may hold some of it. */
  readonly topics: ReadonlyMap<string, number>;
}

/**
 * Holds what Postgres says was published against what Kafka holds, while relays run: first Postgres' word in one snapshot,
 * then Kafka up to its ends as they are after that.
 * @param since RFC 3339; null: everything that the log holds
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_BROKER_*, SIDING_IDENTITY_CHANGED, SIDING_SCAN_INCOMPLETE, and
 * SIDING_USAGE where there is more than memory should hold
 */
export async function runVerify(config: SidingConfig, since: string | null): Promise<VerifyReport> {
  const brokers = requireSetting(config, "kafkaBrokers").join(",");
  const store = await VerifyStore.open(requireSetting(config, "databaseUrl"));
  try {
    const deployment = await store.deployment();
    const kafka = { brokers, deployment: config.deployment, shards: deployment.shards, properties: config.kafka };
    await checkIdentity(kafka, deployment);
    const claim = await readClaim(store, since);
    const deleted: DeletedStart[] = [];
    const scannedRecords = await scan(kafka, claim, deleted);
    await explain(store, claim);
    const allowed = config.delivery === "at-least-once" ? ALLOWED_AT_LEAST_ONCE : [];
    return await judge(store, claim, { since, scannedRecords, allowed, deleted });
  } finally {
    await store.close();
  }
}

/** @throws SIDING_IDENTITY_CHANGED: against another cluster everything would be missing */
async function checkIdentity(kafka: KafkaOptions, deployment: VerifyDeployment): Promise<void> {
  // With this delivery a connection lays no topic of its own.
  const client = await KafkaPublisher.connect(kafka, "at-least-once");
  try {
    const { pinned, systemIdentifier, timeline } = deployment;
    const kafkaClusterId = await client.clusterId();
    if (pinned === null) return;
    const now = { deployment: kafka.deployment, kafkaClusterId, systemIdentifier, timeline };
    const changed = identityChanges(pinned, now);
    if (changed.length === 0) return;
    const what = describeIdentityChange(pinned, now);
    if (changed.length === 1 && changed[0] === "deployment") {
      throw new SidingError("SIDING_CONFIG_INVALID", `this database belongs to another deployment: ${what}`);
    }
    throw new SidingError("SIDING_IDENTITY_CHANGED", what);
  } finally {
    await client.close();
  }
}

async function readClaim(store: VerifyStore, since: string | null): Promise<Claim> {
  const census = new Census();
  const topics = new Map<string, number>();
  const ranges = new Map<number, RecordedRange>();
  let required = 0;
  await store.begin();
  const { shards, now } = await store.shards();
  const sinceMs = since === null ? null : Date.parse(since);
  const spans = await store.spans(sinceMs === null ? null : new Date(sinceMs - BEFORE_SINCE_MS).toISOString());
  for (const { shard, cursor } of shards) {
    const range = recordedRange(spans.get(shard) ?? [], cursor, sinceMs);
    ranges.set(shard, range);
    for (const { topic } of range.sums) earliest(topics, topic, (range.startMs ?? 0) - CLOCK_MARGIN_MS);
    const recorded = { recordedFrom: range.start, recordedFromMs: range.startMs };
    const wanted = { shard, behind: range.context, ...recorded, since, withPlan: false };
    await store.rows({ ...wanted, isAllRequired: since === null }, (row) => {
      census.expect(row);
      limit(census);
      if (!row.isRequired) return;
      required += 1;
      earliest(topics, row.topic, row.earliestMs - CLOCK_MARGIN_MS);
    });
  }
  await store.end();
  return { now, shards, ranges, census, required, topics };
}

function earliest(topics: Map<string, number>, topic: string, ms: number): void {
  topics.set(topic, Math.max(0, Math.min(ms, topics.get(topic) ?? ms)));
}

function limit(census: Census): void {
  if (census.size <= EVENTS_MAX) return;
  const message = `there are more than ${EVENTS_MAX} events in this range`;
  throw new SidingError("SIDING_USAGE", `${message}: give a later --since`);
}

/** So far the clocks of two hosts may be apart where one says when a record was produced and the other when a row went. */
const SKEW_MS = 60_000;

async function scan(kafka: KafkaOptions, { census, topics, shards }: Claim, deleted: DeletedStart[]): Promise<number> {
  // A record whose row retention has deleted is nobody's fault: before that time nothing is counted as foreign.
  const foreignFrom = new Map(
    shards.map(({ shard, trimmedMs }) => [
      producerId(kafka.deployment, shard),
      trimmedMs === null ? 0 : trimmedMs + SKEW_MS,
    ]),
  );
  const { records } = await scanEventIds({
    kafka,
    topics,
    onRecords: async (found) => {
      for (const { eventId, producerId, topic, partition, offset, timestampMs } of found) {
        const from = producerId === null ? undefined : foreignFrom.get(producerId);
        const isOwn = from !== undefined && timestampMs >= from;
        census.see({ eventId, topic, partition, offset, isOwn });
      }
      limit(census);
    },
    onDeleted: (start) => void deleted.push(start),
  });
  return records;
}

/** Finds the rows of records that the claim did not ask for: published since, or before the time asked for. */
async function explain(store: VerifyStore, { census, shards }: Claim): Promise<void> {
  if (isExplained(census)) return;
  for (const { shard, cursor } of shards) {
    const none = { recordedFrom: null, recordedFromMs: null, since: null };
    const wanted = { shard, behind: cursor, ...none, isAllRequired: false, withPlan: true };
    await store.rows(wanted, (row) => census.explain(row));
  }
  const left = [...census.unexplained()];
  for (let from = 0; from < left.length; from += STATUS_CHUNK) {
    for (const known of await store.status(left.slice(from, from + STATUS_CHUNK))) census.settle(known);
  }
}

function isExplained(census: Census): boolean {
  return census.unexplained().next().done === true;
}

interface Found {
  readonly since: string | null;
  readonly scannedRecords: number;
  readonly allowed: readonly Fault[];
  readonly deleted: readonly DeletedStart[];
}

async function judge(store: VerifyStore, claim: Claim, found: Found): Promise<VerifyReport> {
  const { census, ranges, shards } = claim;
  const faults: Record<Fault, number> = { missing: 0, doubled: 0, misplaced: 0, unpublished: 0, foreign: 0 };
  const first: FaultyEvent[] = [];
  for (const event of census.faults()) {
    faults[event.fault] += 1;
    if (first.length < NAMED_MAX) first.push(event);
  }
  const recorded = new Map<number, readonly TopicTally[]>();
  for (const [shard, { start, sums }] of ranges) if (start !== null) recorded.set(shard, sums);
  const sums = compareSums(census, recorded);
  const isFaulty = (Object.keys(faults) as Fault[]).some(
    (fault) => faults[fault] > 0 && !found.allowed.includes(fault),
  );
  return {
    isComplete: !isFaulty && sums.every(({ agrees }) => agrees),
    since: found.since,
    until: claim.now,
    events: claim.required,
    scannedRecords: found.scannedRecords,
    otherRecords: census.others,
    shards: shards.map(({ shard, haltedReason }) => {
      const { start, startMs } = ranges.get(shard)!;
      const recordedSince = start === null ? null : startMs === null ? claim.now : new Date(startMs).toISOString();
      return { shard, recordedSince, haltedReason };
    }),
    sums,
    faults,
    allowed: found.allowed,
    named: await name(store, first),
    notes: found.deleted.map(describeDeleted),
  };
}

async function name(store: VerifyStore, events: readonly FaultyEvent[]): Promise<NamedFault[]> {
  const inLog = events.flatMap(({ shard, seq }) => (shard === null || seq === null ? [] : [{ shard, seq }]));
  const names = await store.names(inLog);
  return events.map(({ fault, eventId, shard, seq, topic, places }) => {
    const named = names.get(`${shard}/${seq}`);
    const { tenantId = null, key = null, createdAt = null } = named ?? {};
    return { fault, eventId, tenantId, topic: named?.topic ?? topic, key, shard, seq, createdAt, places };
  });
}

function describeDeleted({ topic, partition, fromMs, firstOffset }: DeletedStart): string {
  const since = new Date(fromMs).toISOString();
  return `Kafka has deleted what lay before offset ${firstOffset} of ${topic}/${partition}, and it may have been younger than ${since}`;
}
