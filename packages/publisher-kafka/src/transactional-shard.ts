import Kafka, { type DeliveryReport, type KafkaConsumer, type LibrdKafkaError } from "@confluentinc/kafka-javascript";
import { type OutboxEvent, recordKey } from "@siding/core/event/outbox-event.js";
import type { PublishOutcome, PublishRequest, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { EventFault } from "@siding/core/retry/failure.js";
import { brokerError, type ClientError, kindOf } from "./broker-errors.js";
import {
  type KafkaOptions,
  producerConfig,
  producerId,
  REQUEST_TIMEOUT_MS,
  TRANSACTION_TIMEOUT_MS,
} from "./client-config.js";
import { connectClient, disconnectClient, promised, withKnownProperties } from "./connect-client.js";
import { HeaderEncoder } from "./encode-headers.js";
import { progressPlace, readNumber } from "./progress-number.js";
import type { TopicDirectory } from "./topic-directory.js";

/**
 * Below this many events commitTransaction is called only when all are delivered: called earlier it waits for them in
 * steps of 10 ms, which a large batch does not notice and a small one does (design §7).
 */
const SMALL_BATCH_EVENTS = 1_000;
const FLUSH_MS = 1;
/** An answer that says "try again" is asked for again this long before the end counts as unknown. */
const COMMIT_DEADLINE_MS = 2 * TRANSACTION_TIMEOUT_MS;

/** A shard's transactional producer (KIP-98): the records of a batch and its number become visible together. */
export class TransactionalShard implements ShardPublisher {
  readonly #shard: number;
  readonly #options: KafkaOptions;
  readonly #topics: TopicDirectory;
  readonly #consumer: KafkaConsumer;
  readonly #producer: Kafka.Producer;
  readonly #headers: HeaderEncoder;
  /** Delivery reports of refused records; success is not reported, which saves two fifths of a record's cost. */
  #refused: { error: LibrdKafkaError; report: DeliveryReport }[] = [];

  private constructor(shard: number, options: KafkaOptions, topics: TopicDirectory, consumer: KafkaConsumer) {
    this.#shard = shard;
    this.#options = options;
    this.#topics = topics;
    this.#consumer = consumer;
    this.#headers = new HeaderEncoder(producerId(options.deployment, shard));
    this.#producer = new Kafka.Producer({
      ...producerConfig(options, shard),
      "transactional.id": producerId(options.deployment, shard),
      "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
      "delivery.report.only.error": true,
    });
    this.#producer.on("delivery-report", (error, report) => {
      if (error) this.#refused.push({ error, report });
    });
  }

  /** Connects and fences whoever holds the shard's transactional id. @throws SIDING_BROKER_* */
  static async open(
    shard: number,
    options: KafkaOptions,
    topics: TopicDirectory,
    consumer: KafkaConsumer,
  ): Promise<TransactionalShard> {
    const opened = withKnownProperties(() => new TransactionalShard(shard, options, topics, consumer));
    try {
      await connectClient(opened.#producer, options.brokers);
      // Before connect this crashes the process (design §7).
      opened.#producer.setPollInBackground(true);
      await promised((done) => opened.#producer.initTransactions(REQUEST_TIMEOUT_MS, done));
      return opened;
    } catch (error) {
      await opened.close();
      throw brokerError(error, `opening shard ${shard}`, options.brokers);
    }
  }

  committedBatch(): Promise<bigint | null> {
    return readNumber(this.#consumer, this.#shard, this.#options.brokers);
  }

  async commitNumber(batch: bigint): Promise<void> {
    const outcome = await this.publish({ batch, events: [] });
    if (outcome.kind === "committed") return;
    const cause = outcome.kind === "unknown" ? outcome.error : new Error(outcome.kind);
    throw brokerError(cause, `committing the number of shard ${this.#shard}`, this.#options.brokers);
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    this.#refused = [];
    try {
      await promised((done) => this.#producer.beginTransaction(done));
      const faults = this.#produceAll(request.events);
      if (faults.length > 0) return await this.#abort({ kind: "refused", events: faults, topics: new Map() });
      await promised((done) =>
        this.#producer.sendOffsetsToTransaction(
          [{ ...progressPlace(this.#shard), offset: Number(request.batch) }],
          this.#consumer,
          REQUEST_TIMEOUT_MS,
          done,
        ),
      );
      if (request.events.length > 0 && request.events.length < SMALL_BATCH_EVENTS) await this.#untilDelivered();
      await this.#commit();
      return { kind: "committed" };
    } catch (error) {
      return this.#afterError(error as ClientError, request.events);
    }
  }

  async close(): Promise<void> {
    await disconnectClient(this.#producer);
  }

  /** Hands every record to the client. Answers those that it refuses at once: too large, or not to be encoded. */
  #produceAll(events: readonly OutboxEvent[]): EventFault[] {
    const faults: EventFault[] = [];
    for (const event of events) {
      const value = typeof event.payload === "string" ? Buffer.from(event.payload) : (event.payload as Buffer);
      try {
        this.#producer.produce(
          event.topic,
          null,
          value,
          recordKey(event),
          undefined,
          undefined,
          this.#headers.encode(event) as never,
        );
      } catch (error) {
        if (kindOf(error as ClientError) !== "event") throw error;
        faults.push({ seq: event.seq, error: (error as Error).message });
      }
    }
    return faults;
  }

  /**
   * While a flush runs nothing lingers. Short ones, one after another: a long one looks at the end of each 10 ms only,
   * because no report wakes it.
   */
  async #untilDelivered(): Promise<void> {
    for (;;) {
      const delivered = await new Promise<boolean>((resolve) => {
        this.#producer.flush(FLUSH_MS, (error) => resolve(!error));
      });
      if (delivered) return;
    }
  }

  /** Asks until there is an answer: a commit that timed out as retriable goes on where it stood (design §4). */
  async #commit(): Promise<void> {
    const deadline = performance.now() + COMMIT_DEADLINE_MS;
    for (;;) {
      try {
        return await promised((done) => this.#producer.commitTransaction(REQUEST_TIMEOUT_MS, done));
      } catch (error) {
        if (!(error as ClientError).isRetriable || performance.now() > deadline) throw error;
      }
    }
  }

  async #afterError(error: ClientError, events: readonly OutboxEvent[]): Promise<PublishOutcome> {
    if (kindOf(error) === "fenced") return { kind: "fenced" };
    const unknown: PublishOutcome = {
      kind: "unknown",
      error: brokerError(error, `publishing shard ${this.#shard}`, this.#options.brokers),
    };
    // Only where the client says that the transaction must be aborted is it certain that it was not committed.
    if (error.isFatal === true || error.isTxnRequiresAbort !== true) return unknown;
    await this.#reportsArrive();
    const refusal = this.#readRefusal(error, events);
    return await this.#abort(refusal ?? unknown);
  }

  /** The reason of the failed commit is on its way through the client's background thread. */
  async #reportsArrive(): Promise<void> {
    for (let i = 0; i < 20 && this.#refused.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async #abort(outcome: PublishOutcome): Promise<PublishOutcome> {
    try {
      await promised((done) => this.#producer.abortTransaction(REQUEST_TIMEOUT_MS, done));
      return outcome;
    } catch (error) {
      if (kindOf(error as ClientError) === "fenced") return { kind: "fenced" };
      const doing = `aborting a transaction of shard ${this.#shard}`;
      return { kind: "unknown", error: brokerError(error, doing, this.#options.brokers) };
    }
  }

  /** Which events and topics the reports name; null where they name none, as when the broker was at fault. */
  #readRefusal(error: ClientError, events: readonly OutboxEvent[]): PublishOutcome | null {
    const faults: EventFault[] = [];
    const topics = new Map<string, string>();
    const left = [...events];
    for (const { error: reason, report } of this.#refused) {
      const kind = kindOf(reason);
      if (kind === "topic") topics.set(report.topic, reason.message);
      if (kind !== "event") continue;
      const at = left.findIndex((event) => isRecordOf(event, report));
      if (at < 0) continue;
      const [event] = left.splice(at, 1);
      faults.push({ seq: event!.seq, error: reason.message });
    }
    if (topics.size === 0 && faults.length === 0 && kindOf(error) === "topic") {
      for (const event of events) topics.set(event.topic, error.message);
    }
    for (const [topic, reason] of topics) this.#topics.markFault(topic, reason);
    return faults.length === 0 && topics.size === 0 ? null : { kind: "refused", events: faults, topics };
  }
}

/** A report carries no event id, only topic, key and value; two events alike in all three are refused alike. */
function isRecordOf(event: OutboxEvent, report: DeliveryReport): boolean {
  if (event.topic !== report.topic || recordKey(event) !== String(report.key)) return false;
  const value = (report as { value?: Buffer | null }).value;
  return value == null || Buffer.compare(Buffer.from(event.payload as string), value) === 0;
}
