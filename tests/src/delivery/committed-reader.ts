import Kafka, { type KafkaConsumer, type Message } from "@confluentinc/kafka-javascript";

export interface ReceivedRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads a topic from its beginning as read_committed, with a client of its own, until told to stop. */
export class CommittedReader {
  readonly records: ReceivedRecord[] = [];
  readonly #consumer: KafkaConsumer;
  #lastAtMs = performance.now();

  private constructor(brokers: string) {
    this.#consumer = new Kafka.KafkaConsumer(
      {
        "bootstrap.servers": brokers,
        "group.id": `reader-${process.pid}-${Math.round(performance.now() * 1000)}`,
        "isolation.level": "read_committed",
        "enable.auto.commit": false,
        "fetch.wait.max.ms": 20,
      },
      { "auto.offset.reset": "earliest" },
    );
  }

  static async open(brokers: string, topic: string, partitions: number): Promise<CommittedReader> {
    const reader = new CommittedReader(brokers);
    const consumer = reader.#consumer;
    await new Promise<void>((resolve, reject) => {
      consumer.connect({}, (error) => (error ? reject(error) : resolve()));
    });
    consumer.on("data", (message: Message) => reader.#receive(message));
    const assignment = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 }));
    consumer.assign(assignment);
    consumer.consume();
    return reader;
  }

  /** Resolves once `count` records are there and no more come for graceMs, or none came for stallMs. */
  async until(count: number, { graceMs = 1_500, stallMs = 60_000 } = {}): Promise<readonly ReceivedRecord[]> {
    this.#lastAtMs = performance.now();
    for (;;) {
      const quietMs = performance.now() - this.#lastAtMs;
      if (quietMs > (this.records.length >= count ? graceMs : stallMs)) return this.records;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 3_000);
      this.#consumer.disconnect(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #receive(message: Message): void {
    this.#lastAtMs = performance.now();
    const headers: Record<string, string> = {};
    for (const header of message.headers ?? []) {
      for (const [name, value] of Object.entries(header)) headers[name] = String(value);
    }
    this.records.push({ key: String(message.key), value: String(message.value), headers });
  }
}
