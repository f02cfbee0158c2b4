import Kafka, {
  type KafkaConsumer,
  type Message,
  type Metadata,
  type WatermarkOffsets,
} from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import { brokerError, type ClientError, isUnansweredRead } from "./broker-errors.js";
import { connectionConfig, groupId, type KafkaOptions, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { connectClient, disconnectConsumer, promised } from "./connect-client.js";

/** A committed record that carries an event id, and no job's: what a replay published is no proof of the event's own record. */
export interface ScannedRecord {
  /** Lower case, as Postgres writes it. */
  readonly eventId: string;
  /** Its x-producer-id header, which names deployment and shard; null where it has none. */
  readonly producerId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Unix ms, by the clock of its producer or its broker, as the topic has it. */
  readonly timestampMs: number;
}

/** A partition of which Kafka has deleted what may have belonged to the span. */
export interface DeletedStart {
  readonly topic: string;
  readonly partition: number;
  /** Unix ms from which on records were asked for. */
  readonly fromMs: number;
  /** The first offset that is left. */
  readonly firstOffset: number;
}

export interface ScanOptions {
  readonly kafka: KafkaOptions;
  /** From when on records are looked at, for each topic, in Unix ms. */
  readonly topics: ReadonlyMap<string, number>;
  /** Called with records as they come, some thousand at once; the scan waits for it. */
  readonly onRecords: (records: readonly ScannedRecord[]) => Promise<void>;
  /** Where it is left out, a deleted start ends the scan; else it is told, and the scan goes on with what is left. */
  readonly onDeleted?: (deleted: DeletedStart) => void;
}

export interface ScanResult {
  readonly records: number;
  readonly partitions: number;
}

interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The end as it was when the scan began, open transactions included. */
  readonly end: number;
}

/** How far clocks may be apart: records carry the relay's time, events Postgres'. A scan begins this much before. */
export const CLOCK_MARGIN_MS = 10 * 60_000;
const CHUNK_MAX = 5_000;
const CHUNK_WAIT_MS = 200;
/** For so long brokers may be away while a scan runs. */
const LOST_TIMEOUT_MS = 60_000;
/** A foreign transaction may stay open for fifteen minutes (transaction.max.timeout.ms); what lies behind it is not readable before. */
const STALL_TIMEOUT_MS = 16 * 60_000;
const EVENT_ID = "event-id";
const PRODUCER_ID = "x-producer-id";
const REPLAY_JOB_ID = "replay-job-id";

/**
 * Reads which events Kafka holds: the event-id header of every committed record of the topics but replayed ones, from their times on to
 * their ends as they are now, those of transactions included that end later. Whether more is added meanwhile is the
 * caller's to know: a recovery fences the shards before, a check looks only for what was committed before.
 * @throws SIDING_SCAN_INCOMPLETE when Kafka has deleted records from the span, or a foreign transaction bars its end;
 * SIDING_BROKER_*
 */
export async function scanEventIds(options: ScanOptions): Promise<ScanResult> {
  const { brokers } = options.kafka;
  const committed = newConsumer(options.kafka, "read_committed");
  // Only for asking where the topics end: read_committed would answer where the first open transaction begins.
  const uncommitted = newConsumer(options.kafka, "read_uncommitted");
  try {
    await Promise.all([connectClient(committed as never, brokers), connectClient(uncommitted as never, brokers)]);
    const spans = (
      await Promise.all([...options.topics].map(([topic, fromMs]) => spansOf(uncommitted, options, topic, fromMs)))
    ).flat();
    const unread = spans.filter((span) => span.from < span.end);
    const records = unread.length === 0 ? 0 : await read(committed, unread, options.onRecords);
    return { records, partitions: spans.length };
  } catch (error) {
    throw brokerError(error, "scanning topics for event ids", brokers);
  } finally {
    await Promise.all([disconnectConsumer(committed as never), disconnectConsumer(uncommitted as never)]);
  }
}

function newConsumer(kafka: KafkaOptions, isolation: string): KafkaConsumer {
  return new Kafka.KafkaConsumer(
    {
      ...connectionConfig(kafka),
      "group.id": groupId(kafka.deployment),
      "isolation.level": isolation,
      "enable.auto.commit": false,
      "enable.auto.offset.store": false,
      "enable.partition.eof": true,
      "fetch.wait.max.ms": 50,
      "queued.max.messages.kbytes": 65_536,
    } as never,
    // A span that Kafka shortens while it is read would otherwise be left out without a word.
    { "auto.offset.reset": "error" },
  );
}

/** Where to read each partition of a topic; none where the topic does not exist, since then nothing of it is in Kafka. */
async function spansOf(
  consumer: KafkaConsumer,
  { kafka: { brokers }, onDeleted }: ScanOptions,
  topic: string,
  fromMs: number,
): Promise<Span[]> {
  const metadata = await promised<Metadata>((done) =>
    consumer.getMetadata({ topic, timeout: REQUEST_TIMEOUT_MS }, done as never),
  );
  const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  if (partitions.some(({ leader }) => leader < 0)) {
    throw new SidingError(
      "SIDING_BROKER_UNREACHABLE",
      `Kafka at ${brokers}: topic ${topic} has partitions without leader`,
    );
  }
  const spans: Span[] = [];
  for (const { id: partition } of partitions) {
    const { lowOffset, highOffset } = await promised<WatermarkOffsets>((done) =>
      consumer.queryWatermarkOffsets(topic, partition, REQUEST_TIMEOUT_MS, done as never),
    );
    const [place] = await promised<{ offset: number }[]>((done) =>
      consumer.offsetsForTimes([{ topic, partition, offset: fromMs } as never], REQUEST_TIMEOUT_MS, done as never),
    );
    // -1: no record is as young as that.
    const from = place === undefined || place.offset < 0 ? highOffset : place.offset;
    // Offset 0 gone and the span beginning with the oldest record left: what was before it may have belonged to the span.
    if (lowOffset > 0 && from <= lowOffset) {
      if (onDeleted !== undefined) onDeleted({ topic, partition, fromMs, firstOffset: lowOffset });
      else {
        const since = new Date(fromMs).toISOString();
        const message = `Kafka has deleted records of topic ${topic} (partition ${partition}) that may be younger than ${since}`;
        throw new SidingError("SIDING_SCAN_INCOMPLETE", message);
      }
    }
    spans.push({ topic, partition, from: Math.max(from, lowOffset), end: highOffset });
  }
  return spans;
}

/**
 * Reads the spans to their ends; answers how many records they hold. Asks for one chunk after another: a consumer that
 * is disconnected while its own loop still reads crashes the process.
 */
async function read(
  consumer: KafkaConsumer,
  spans: readonly Span[],
  onRecords: ScanOptions["onRecords"],
): Promise<number> {
  const ends = new Map(spans.map((span) => [placeOf(span), span.end]));
  const left = new Set(ends.keys());
  let records = 0;
  let movedAtMs = performance.now();
  let lost: ClientError | null = null;
  const reached = (place: string, next: number): void => {
    lost = null;
    if (!left.has(place)) return;
    movedAtMs = performance.now();
    if (next >= ends.get(place)!) left.delete(place);
  };
  // The end of a transaction is a record that is never shown: only this tells that the span was read beyond it. It may
  // come before the chunk's records do.
  consumer.on("partition.eof", (end) => reached(placeOf(end), end.offset));
  consumer.setDefaultConsumeTimeout(CHUNK_WAIT_MS);
  consumer.assign(spans.map(({ topic, partition, from }) => ({ topic, partition, offset: from })));
  while (left.size > 0) {
    const messages = await promised<Message[]>((done) => consumer.consume(CHUNK_MAX, done as never)).catch((error) => {
      if (!isUnansweredRead(error)) throw error;
      lost ??= error;
      return [];
    });
    const found: ScannedRecord[] = [];
    for (const message of messages) {
      const place = placeOf(message);
      // What came after the scan began is none of its business; else a busy topic might keep it for ever.
      if (message.offset < ends.get(place)!) {
        records += 1;
        const record = scanned(message);
        if (record !== null) found.push(record);
      }
      reached(place, message.offset + 1);
    }
    if (found.length > 0) await onRecords(found);
    const stalledMs = performance.now() - movedAtMs;
    if (lost !== null && stalledMs > LOST_TIMEOUT_MS) throw lost;
    if (stalledMs > STALL_TIMEOUT_MS) {
      const where = [...left].join(", ");
      const message = `the end of ${where} cannot be read: a transaction of another producer is open there`;
      throw new SidingError("SIDING_SCAN_INCOMPLETE", message);
    }
  }
  return records;
}

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}/${partition}`;
}

function scanned({ headers, topic, partition, offset, timestamp }: Message): ScannedRecord | null {
  let eventId: string | null = null;
  let producerId: string | null = null;
  for (const header of headers ?? []) {
    const named = header as Record<string, unknown>;
    if (named[REPLAY_JOB_ID] !== undefined) return null;
    // The first one counts, as with Siding's own records, which carry each once.
    if (named[EVENT_ID] !== undefined) eventId ??= String(named[EVENT_ID]);
    if (named[PRODUCER_ID] !== undefined) producerId ??= String(named[PRODUCER_ID]);
  }
  if (eventId === null || !UUID.test(eventId)) return null;
  return { eventId: eventId.toLowerCase(), producerId, topic, partition, offset, timestampMs: Number(timestamp ?? 0) };
}

// Other producers may write to the topic, with headers of their own.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
