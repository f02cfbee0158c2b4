import Kafka, {
  type KafkaConsumer,
  type Message,
  type Metadata,
  type WatermarkOffsets,
} from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import { brokerError } from "./broker-errors.js";
import { connectionConfig, groupId, type KafkaOptions, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { connectClient, disconnectConsumer, promised } from "./connect-client.js";

export interface ScanOptions {
  readonly kafka: KafkaOptions;
  /** From when on records are looked at, for each topic, in Unix ms. */
  readonly topics: ReadonlyMap<string, number>;
  /** Called with event ids as they come, at most chunkMax at once; the scan waits for it. */
  readonly onIds: (ids: readonly string[]) => Promise<void>;
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

const CHUNK_MAX = 5_000;
/** A foreign transaction may stay open for fifteen minutes (transaction.max.timeout.ms); what lies behind it is not readable before. */
const STALL_TIMEOUT_MS = 16 * 60_000;
const EVENT_ID = "event-id";

/**
 * Reads which events Kafka holds: the event-id header of every committed record of the topics, from their times on to
 * their ends as they are now. The shards in question must be fenced, so that nothing of theirs can be added.
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
      await Promise.all([...options.topics].map(([topic, fromMs]) => spansOf(uncommitted, brokers, topic, fromMs)))
    ).flat();
    const unread = spans.filter((span) => span.from < span.end);
    const records = unread.length === 0 ? 0 : await read(committed, unread, options.onIds);
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
async function spansOf(consumer: KafkaConsumer, brokers: string, topic: string, fromMs: number): Promise<Span[]> {
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
      const since = new Date(fromMs).toISOString();
      const message = `Kafka has deleted records of topic ${topic} (partition ${partition}) that may be younger than ${since}`;
      throw new SidingError("SIDING_SCAN_INCOMPLETE", message);
    }
    spans.push({ topic, partition, from, end: highOffset });
  }
  return spans;
}

/** Reads the spans to their ends; answers how many records they hold. */
function read(consumer: KafkaConsumer, spans: readonly Span[], onIds: ScanOptions["onIds"]): Promise<number> {
  const left = new Map(spans.map((span) => [`${span.topic}/${span.partition}`, span.end]));
  let records = 0;
  let ids: string[] = [];
  let handed = Promise.resolve();
  return new Promise((resolve, reject) => {
    let stalled: NodeJS.Timeout;
    const fail = (error: unknown): void => {
      clearTimeout(stalled);
      reject(error);
    };
    const alive = (): void => {
      clearTimeout(stalled);
      stalled = setTimeout(() => {
        const where = [...left.keys()].join(", ");
        const message = `the end of ${where} cannot be read: a transaction of another producer is open there`;
        fail(new SidingError("SIDING_SCAN_INCOMPLETE", message));
      }, STALL_TIMEOUT_MS);
    };
    const hand = (): void => {
      const chunk = ids;
      ids = [];
      handed = handed.then(() => onIds(chunk));
      handed.catch(fail);
    };
    const reached = (topic: string, partition: number, next: number): void => {
      const key = `${topic}/${partition}`;
      if (next < (left.get(key) ?? Number.POSITIVE_INFINITY)) return;
      left.delete(key);
      if (left.size > 0) return;
      clearTimeout(stalled);
      hand();
      handed.then(() => resolve(records), reject);
    };
    alive();
    consumer.on("data", (message: Message) => {
      alive();
      records += 1;
      const id = eventIdOf(message);
      if (id !== null) ids.push(id);
      if (ids.length >= CHUNK_MAX) hand();
      reached(message.topic, message.partition, message.offset + 1);
    });
    // The end of a transaction is a record that is never shown: only this tells that the span was read beyond it.
    consumer.on("partition.eof", ({ topic, partition, offset }) => reached(topic, partition, offset));
    consumer.on("event.error", (error) => {
      if (!/all brokers down|transport|timed out/i.test(error.message)) fail(error);
    });
    consumer.setDefaultConsumeTimeout(200);
    consumer.setDefaultConsumeLoopTimeoutDelay(0);
    consumer.assign(spans.map(({ topic, partition, from }) => ({ topic, partition, offset: from })));
    consumer.consume();
  });
}

function eventIdOf(message: Message): string | null {
  for (const header of message.headers ?? []) {
    const value = (header as Record<string, unknown>)[EVENT_ID];
    if (value !== undefined) return UUID.test(String(value)) ? String(value) : null;
  }
  return null;
}

// Other producers may write to the topic, with headers of their own.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
