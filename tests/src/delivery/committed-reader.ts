import { CommittedConsumer, type ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";

/** Keeps every record of a topic, from its beginning on, as a read_committed consumer sees them. */
export class CommittedReader {
  readonly records: readonly ReceivedRecord[];
  readonly #consumer: CommittedConsumer;

  private constructor(consumer: CommittedConsumer, records: ReceivedRecord[]) {
    this.#consumer = consumer;
    this.records = records;
  }

  static async open(brokers: string, topic: string, partitions: number): Promise<CommittedReader> {
    const records: ReceivedRecord[] = [];
    const onRecord = (record: ReceivedRecord): void => void records.push(record);
    return new CommittedReader(await CommittedConsumer.open({ brokers, topic, partitions, onRecord }), records);
  }

  /** Resolves once `count` records are there and no more come for graceMs, or none came for stallMs. */
  async until(count: number, quiet: { graceMs?: number; stallMs?: number } = {}): Promise<readonly ReceivedRecord[]> {
    await this.#consumer.until(count, quiet);
    return this.records;
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }
}
