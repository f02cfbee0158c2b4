import Kafka, { type KafkaConsumer, type Message } from "@confluentinc/kafka-javascript";

export interface ReceivedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** When it was handed to the client, in Unix ms. */
  readonly timestampMs: number;
}

export interface ConsumerOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly partitions: number;
  readonly onRecord: (record: ReceivedRecord) => void;
}

/** A chunk ends with the first pause of so many milliseconds, or with so many records. */
const CHUNK_MAX = 200;
const CHUNK_WAIT_MS = 10;

/** Reads a topic from its beginning as read_committed, with a client of its own, until it is closed. */
export class CommittedConsumer {
  readonly #consumer: KafkaConsumer;
  #received = 0;
  #lastAtMs = performance.now();
  #isClosing = false;
  #reading: Promise<void> = Promise.resolve();

  private constructor(brokers: string) {
    this.#consumer = new Kafka.KafkaConsumer(
      {
        "bootstrap.servers": brokers,
        "group.id": `reader-${process.pid}-${Math.round(performance.now() * 1000)}`,
        "isolation.level": "read_committed",
        "enable.auto.commit": false,
        "fetch.wait.max.ms": 20,
        "reconnect.backoff.max.ms": 500,
      },
      // To begin anew by itself would make every record look doubled.
      { "auto.offset.reset": "error" },
    );
  }

  static async open({ brokers, topic, partitions, onRecord }: ConsumerOptions): Promise<CommittedConsumer> {
    const opened = new CommittedConsumer(brokers);
    const consumer = opened.#consumer;
    await new Promise<void>((resolve, reject) => {
      consumer.connect({}, (error) => (error ? reject(error) : resolve()));
    });
    consumer.on("data", (message: Message) => {
      opened.#received += 1;
      opened.#lastAtMs = performance.now();
      onRecord(recordOf(message));
    });
    consumer.setDefaultConsumeTimeout(CHUNK_WAIT_MS);
    consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })));
    opened.#reading = opened.#read();
    return opened;
  }

  /** One chunk after another: a consumer that is disconnected while the client's own loop reads may never come back. */
  async #read(): Promise<void> {
    while (!this.#isClosing) {
      await new Promise<void>((resolve) => {
        this.#consumer.consume(CHUNK_MAX, (error) => (error ? setTimeout(resolve, CHUNK_WAIT_MS) : resolve()));
      });
    }
  }

  /** Resolves once `count` records are there and no more come for graceMs, or none came for stallMs. */
  async until(count: number, { graceMs = 1_500, stallMs = 60_000 } = {}): Promise<void> {
    this.#lastAtMs = performance.now();
    for (;;) {
      const quietMs = performance.now() - this.#lastAtMs;
      if (quietMs > (this.#received >= count ? graceMs : stallMs)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): Promise<void> {
    this.#isClosing = true;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 3_000);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      void this.#reading.then(() => this.#consumer.disconnect(end));
    });
  }
}

function recordOf(message: Message): ReceivedRecord {
  const headers: Record<string, string> = {};
  for (const header of message.headers ?? []) {
    for (const [name, value] of Object.entries(header)) headers[name] = String(value);
  }
  const { partition, offset, timestamp = 0 } = message;
  return { partition, offset, key: String(message.key), value: String(message.value), headers, timestampMs: timestamp };
}
