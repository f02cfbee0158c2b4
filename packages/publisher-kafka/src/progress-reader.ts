import Kafka, {
  type KafkaConsumer,
  type Message,
  type Metadata,
  type WatermarkOffsets,
} from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import type { Asker } from "./ask-until-answered.js";
import { brokerError, type ClientError, kindOf } from "./broker-errors.js";
import { connectionConfig, groupId, type KafkaOptions, PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { connectClient, disconnectConsumer, promised } from "./connect-client.js";

/** How far before the end a number is looked for first: a few batches. Each further look goes back this many times more. */
const FIRST_LOOK_OFFSETS = 64;
const LOOK_GROWS = 16;
const CHUNK_MAX = 1_000;
const CHUNK_WAIT_MS = 20;
const RECHECK_MS = 200;
/** One call, which a close waits for; without an answer the shard is claimed anew and asks again. */
const PLACE_TIMEOUT_MS = 1_000;

/** A look into one shard's partition, from an offset to the end as it was when the look began. */
interface Look {
  readonly end: number;
  readonly deadline: number;
  next: number;
  found: bigint | null;
  readonly resolve: (number: bigint | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Methods of the client's consumer that its types leave out. */
interface PartitionByPartition {
  incrementalAssign(places: readonly { topic: string; partition: number; offset: number }[]): unknown;
  incrementalUnassign(places: readonly { topic: string; partition: number }[]): unknown;
}

/**
 * Reads the shards' numbers: the last committed record under the deployment's name in the shard's partition of the
 * progress topic. A record, not a committed offset: after a crash a broker may serve offsets of a transaction as they
 * stood long before (docs/decisions/0007-number-is-a-record.md), and a partition's log goes through no such cache.
 *
 * Many shards are read side by side, on one consumer: a relay that takes hundreds over has them within one lease, and one
 * that waits for an open transaction keeps no other waiting.
 */
export class ProgressReader {
  readonly #options: KafkaOptions;
  readonly #asker: Asker;
  readonly #uncommitted: KafkaConsumer;
  readonly #committed: KafkaConsumer & PartitionByPartition;
  #connected: Promise<void> | null = null;
  #isClosed = false;
  readonly #ends = new Map<number, number>();
  readonly #looks = new Map<number, Look>();
  #consuming: Promise<void> | null = null;
  /** The last read of each shard: an answer must not be older than its question, so these take turns. */
  readonly #turns = new Map<number, Promise<unknown>>();

  /** @param uncommitted asks where a partition ends, open transactions included */
  constructor(options: KafkaOptions, asker: Asker, uncommitted: KafkaConsumer) {
    this.#options = options;
    this.#asker = asker;
    this.#uncommitted = uncommitted;
    this.#committed = new Kafka.KafkaConsumer(
      {
        ...connectionConfig(options),
        "group.id": groupId(options.deployment),
        "isolation.level": "read_committed",
        "enable.auto.commit": false,
        "enable.auto.offset.store": false,
        "enable.partition.eof": true,
        "fetch.wait.max.ms": 10,
      } as never,
      { "auto.offset.reset": "earliest" },
    ) as KafkaConsumer & PartitionByPartition;
    this.#committed.on("partition.eof", ({ partition, offset }) => this.#ends.set(partition, offset));
  }

  /**
   * The number that Kafka holds for a shard, null where it holds none. Reads to the end as it is now, transactions that
   * are open included, so this waits for those to end: the answer is as final as with require_stable (KIP-447).
   * @throws SIDING_BROKER_*
   */
  read(shard: number): Promise<bigint | null> {
    const read = (this.#turns.get(shard) ?? Promise.resolve()).then(() => this.#read(shard));
    const turn = read.catch(() => {});
    this.#turns.set(shard, turn);
    return read;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#turns.values());
    await this.#consuming;
    await disconnectConsumer(this.#committed as never);
  }

  /** Whether the shard has its partition, asked of the cluster anew; throws where the cluster does not answer. */
  async hasPlace(shard: number, timeout: number): Promise<boolean> {
    const metadata = await promised<Metadata>((done) => this.#uncommitted.getMetadata({ timeout }, done as never));
    return (metadata.topics.find(({ name }) => name === PROGRESS_TOPIC)?.partitions.length ?? 0) > shard;
  }

  async #read(shard: number): Promise<bigint | null> {
    const deadline = performance.now() + REQUEST_TIMEOUT_MS;
    try {
      const span = await this.#span(shard, deadline);
      if (span === null) return null;
      this.#connected ??= this.#connect();
      await this.#connected;
      for (let look = FIRST_LOOK_OFFSETS; ; look *= LOOK_GROWS) {
        const from = Math.max(span.lowOffset, span.highOffset - look);
        const number = await this.#lastNumber(shard, from, span.highOffset, deadline);
        if (number !== null || from === span.lowOffset) return number;
      }
    } catch (error) {
      throw brokerError(error, `reading the number of shard ${shard}`, this.#options.brokers);
    }
  }

  /** Where the partition begins and ends; null where there is none. A partition without a leader is asked for again. */
  async #span(shard: number, deadline: number): Promise<WatermarkOffsets | null> {
    for (;;) {
      try {
        return await this.#asker.read<WatermarkOffsets>(REQUEST_TIMEOUT_MS, (timeoutMs, done) =>
          this.#uncommitted.queryWatermarkOffsets(PROGRESS_TOPIC, shard, timeoutMs, done as never),
        );
      } catch (error) {
        if (kindOf(error as ClientError) !== "topic" || performance.now() >= deadline) throw error;
        if (!(await this.hasPlace(shard, PLACE_TIMEOUT_MS))) return null;
        await this.#pause();
      }
    }
  }

  async #connect(): Promise<void> {
    try {
      await this.#asker.waitFor(connectClient(this.#committed as never, this.#options.brokers));
      this.#committed.setDefaultConsumeTimeout(CHUNK_WAIT_MS);
    } catch (error) {
      this.#connected = null;
      throw error;
    }
  }

  #lastNumber(shard: number, from: number, end: number, deadline: number): Promise<bigint | null> {
    if (from >= end) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#ends.delete(shard);
      this.#looks.set(shard, { end, deadline, next: from, found: null, resolve, reject });
      this.#committed.incrementalAssign([{ topic: PROGRESS_TOPIC, partition: shard, offset: from }]);
      this.#consuming ??= this.#consume();
    });
  }

  /** Consumes for all looks at once, until the last of them is over. */
  async #consume(): Promise<void> {
    while (this.#looks.size > 0) {
      try {
        const messages = await promised<Message[]>((done) => this.#committed.consume(CHUNK_MAX, done as never));
        for (const message of messages) this.#take(message);
        for (const [shard, look] of this.#looks) this.#endWhereOver(shard, look);
      } catch (error) {
        // It names no partition, so each of them asks anew.
        for (const [shard, look] of this.#looks) {
          this.#forget(shard);
          look.reject(error);
        }
      }
    }
    // In the same breath as the last look: whoever hears of it may begin the next one at once, and must not find this one.
    this.#consuming = null;
  }

  #take({ topic, partition, offset, key, value }: Message): void {
    const look = topic === PROGRESS_TOPIC ? this.#looks.get(partition) : undefined;
    if (look === undefined) return;
    look.next = Math.max(look.next, offset + 1);
    if (String(key) === this.#options.deployment) look.found = BigInt(String(value));
  }

  #endWhereOver(shard: number, look: Look): void {
    // A transaction's end takes an offset that is never shown: only this tells that it was passed.
    look.next = Math.max(look.next, this.#ends.get(shard) ?? 0);
    if (look.next >= look.end) {
      this.#forget(shard);
      look.resolve(look.found);
    } else if (this.#isClosed || performance.now() >= look.deadline) {
      this.#forget(shard);
      const message = `Kafka at ${this.#options.brokers}: the number of shard ${shard} could not be read to its end`;
      look.reject(new SidingError("SIDING_BROKER_UNREACHABLE", message));
    }
  }

  #forget(shard: number): void {
    this.#looks.delete(shard);
    this.#committed.incrementalUnassign([{ topic: PROGRESS_TOPIC, partition: shard }]);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, RECHECK_MS));
  }
}
