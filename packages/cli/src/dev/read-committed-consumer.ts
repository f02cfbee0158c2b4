import Kafka, {
  type KafkaConsumer,
  type Message,
  type Metadata,
  type WatermarkOffsets,
} from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import type { Clock } from "@siding/core/ports/clock.js";
import type { ArrivedRecord } from "./expected-event.js";
import { called, clientConfig, KAFKA_TIMEOUT_MS, type KafkaPlace } from "./kafka-client.js";

export interface ConsumerOptions {
  readonly place: KafkaPlace;
  readonly run: string;
  readonly topics: readonly string[];
  readonly clock: Clock;
  readonly onRecord: (record: ArrivedRecord) => void;
  readonly warn: (text: string) => void;
}

const LEADER_TIMEOUT_MS = 15_000;
const LEADER_POLL_MS = 50;
const DISCONNECT_TIMEOUT_MS = 3_000;
/** A chunk ends with the first pause of so many milliseconds, or with so many records. */
const CHUNK_MAX = 200;
const CHUNK_WAIT_MS = 10;

type Place = { topic: string; partition: number; offset: number };

/**
 * Reads the topics from their present end on, as any consumer with isolation.level=read_committed would. Partitions are
 * assigned and not subscribed to: a rebalance may deliver a record twice, which here would look like the relay's doing.
 */
export class ReadCommittedConsumer {
  readonly #consumer: KafkaConsumer;
  #isClosing = false;
  #reading: Promise<void> = Promise.resolve();

  private constructor(consumer: KafkaConsumer) {
    this.#consumer = consumer;
  }

  /** @throws SIDING_BROKER_UNREACHABLE */
  static async open(options: ConsumerOptions): Promise<ReadCommittedConsumer> {
    const consumer = new Kafka.KafkaConsumer(
      {
        ...clientConfig(options.place),
        "group.id": `siding-dev-check-${options.run}`,
        "isolation.level": "read_committed",
        "enable.auto.commit": false,
        "enable.auto.offset.store": false,
      } as never,
      { "auto.offset.reset": "error" },
    );
    const opened = new ReadCommittedConsumer(consumer);
    try {
      await opened.#start(options);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await new Promise<void>((resolve) => {
      // With brokers away callbacks may never come.
      const timer = setTimeout(resolve, DISCONNECT_TIMEOUT_MS);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      void this.#reading.then(() => this.#consumer.disconnect(end));
    });
  }

  async #start({ place, topics, clock, onRecord, warn }: ConsumerOptions): Promise<void> {
    const consumer = this.#consumer;
    consumer.on("event.error", (error) => warn(`checking consumer: ${error.message}`));
    await called(place, "connecting", (done) => consumer.connect({ timeout: KAFKA_TIMEOUT_MS }, done as never));
    const ends = (await Promise.all(topics.map((topic) => endsOf(consumer, place, topic, clock)))).flat();
    consumer.on("data", (message) => onRecord(recordOf(message)));
    consumer.setDefaultConsumeTimeout(CHUNK_WAIT_MS);
    consumer.assign(ends);
    this.#reading = this.#read(clock);
  }

  /**
   * One chunk after another: a consumer that is disconnected while the client's own loop reads crashes its process, or keeps it
   * from ever ending (confluent-kafka-javascript issue 34).
   */
  async #read(clock: Clock): Promise<void> {
    while (!this.#isClosing) {
      const isRefused = await new Promise<boolean>((resolve) => {
        this.#consumer.consume(CHUNK_MAX, (error) => resolve(Boolean(error)));
      });
      if (isRefused) await clock.sleep(CHUNK_WAIT_MS);
    }
  }
}

/** Where each partition ends now. A topic that was just made has no leaders for a moment: it is asked until it has. */
async function endsOf(consumer: KafkaConsumer, place: KafkaPlace, topic: string, clock: Clock): Promise<Place[]> {
  const deadline = clock.monotonicMs() + LEADER_TIMEOUT_MS;
  for (;;) {
    try {
      return await readEnds(consumer, place, topic);
    } catch (error) {
      if (clock.monotonicMs() > deadline) throw error;
    }
    await clock.sleep(LEADER_POLL_MS);
  }
}

async function readEnds(consumer: KafkaConsumer, place: KafkaPlace, topic: string): Promise<Place[]> {
  const metadata = await called<Metadata>(place, `looking up topic ${topic}`, (done) =>
    consumer.getMetadata({ topic, timeout: KAFKA_TIMEOUT_MS }, done as never),
  );
  const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
  if (partitions.length === 0 || partitions.some(({ leader }) => leader < 0)) {
    throw new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka at ${place.brokers}: topic ${topic} has no leaders`);
  }
  const ends: Place[] = [];
  for (const { id: partition } of partitions) {
    const { highOffset } = await called<WatermarkOffsets>(place, `asking for the end of ${topic}`, (done) =>
      consumer.queryWatermarkOffsets(topic, partition, KAFKA_TIMEOUT_MS, done as never),
    );
    ends.push({ topic, partition, offset: highOffset });
  }
  return ends;
}

function recordOf(message: Message): ArrivedRecord {
  const headers = (message.headers ?? []).flatMap((header) => Object.entries(header));
  return {
    topic: message.topic,
    key: message.key == null ? null : String(message.key),
    value: message.value === null ? "" : message.value.toString("utf8"),
    headers: headers.map(([name, value]) => [name, String(value)] as const),
  };
}
