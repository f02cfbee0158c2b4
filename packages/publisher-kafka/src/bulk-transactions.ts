import Kafka, { type DeliveryReport, type LibrdKafkaError } from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import { type OutboxEvent, recordKey } from "@siding/core/event/outbox-event.js";
import type { PublishOutcome, PublishRequest } from "@siding/core/ports/publisher.js";
import type { EventFault } from "@siding/core/retry/failure.js";
import type { Asker } from "./ask-until-answered.js";
import { brokerError, type ClientError, kindOf } from "./broker-errors.js";
import {
  type KafkaOptions,
  PROGRESS_TOPIC,
  producerConfig,
  producerId,
  REQUEST_TIMEOUT_MS,
  TRANSACTION_TIMEOUT_MS,
} from "./client-config.js";
import { connectClient, disconnectProducer, promised, withKnownProperties } from "./connect-client.js";
import { DeliveryWait } from "./delivery-wait.js";
import { HeaderEncoder } from "./encode-headers.js";
import type { ProgressReader } from "./progress-reader.js";
import type { ShardParts } from "./shard-parts.js";
import type { TopicDirectory } from "./topic-directory.js";

/**
 * Below this many events commitTransaction is called only when all are delivered: called earlier it waits for them in
 * steps of 10 ms, which a large batch does not notice and a small one does (design §7).
 */
const SMALL_BATCH_EVENTS = 1_000;
/**
 * A transaction that follows sooner meets the markers of the one before it: the coordinator answers
 * CONCURRENT_TRANSACTIONS, and the client waits for a fixed 20 ms. Events gather meanwhile, the next transaction touches
 * more partitions, and its markers take longer still (500 events/s over 12 partitions: p50 58 ms; with this rest 11 ms).
 */
const MARKERS_MS = 3;
/** To read and plan a small page, and to begin its transaction. */
const READ_MS = 1;
/** A batch that takes longer makes one ask whether its topics are still there: most take milliseconds. */
const SLOW_MS = 1_000;
/** A commit is asked for again this long before its end counts as unknown. */
const COMMIT_WITHIN_MS = 2 * TRANSACTION_TIMEOUT_MS;

/** Transactions of librdkafka's: fast with thousands of records, and the one that names what a broker refuses. */
export class BulkTransactions {
  readonly #shard: number;
  readonly #options: KafkaOptions;
  readonly #topics: TopicDirectory;
  readonly #progress: ProgressReader;
  readonly #asker: Asker;
  #producer: Kafka.Producer;
  readonly #headers: HeaderEncoder;
  readonly #delivery = new DeliveryWait();
  #committedAtMs = -Infinity;
  /** Delivery reports of refused records; success is not reported, which saves two fifths of a record's cost. */
  #refused: { error: LibrdKafkaError; report: DeliveryReport }[] = [];

  private constructor(shard: number, { options, topics, progress, asker }: ShardParts) {
    this.#shard = shard;
    this.#options = options;
    this.#topics = topics;
    this.#progress = progress;
    this.#asker = asker;
    this.#headers = new HeaderEncoder(producerId(options.deployment, shard));
    this.#producer = this.#newProducer();
  }

  /** Connects and fences whoever holds the shard's transactional id. @throws SIDING_BROKER_* */
  static async open(shard: number, parts: ShardParts): Promise<BulkTransactions> {
    const opened = withKnownProperties(() => new BulkTransactions(shard, parts));
    try {
      await opened.#start();
      return opened;
    } catch (error) {
      await opened.close();
      throw brokerError(error, `opening shard ${shard}`, parts.options.brokers);
    }
  }

  rested(): Promise<void> {
    return this.#untilMs(this.#committedAtMs + MARKERS_MS - READ_MS);
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    this.#refused = [];
    const { reach } = this.#options;
    try {
      await this.#untilMs(this.#committedAtMs + MARKERS_MS);
      await promised((done) => this.#producer.beginTransaction(done));
      reach?.("after-begin", this.#shard);
      const faults = this.#produceAll(request.events);
      reach?.("after-produce", this.#shard);
      if (faults.length > 0) return await this.#abort({ kind: "refused", events: faults, topics: new Map() });
      this.#produceNumber(request.batch);
      reach?.("after-number", this.#shard);
      const isCommitted = await this.#commit(request);
      if (!isCommitted) return await this.#abort({ kind: "withheld" });
      this.#committedAtMs = performance.now();
      return { kind: "committed" };
    } catch (error) {
      return this.#afterError(error as ClientError, request.events);
    }
  }

  async close(): Promise<void> {
    await disconnectProducer(this.#producer);
  }

  #newProducer(): Kafka.Producer {
    const producer = new Kafka.Producer({
      ...producerConfig(this.#options, this.#shard),
      "transactional.id": producerId(this.#options.deployment, this.#shard),
      "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
      "delivery.report.only.error": true,
    });
    producer.on("delivery-report", (error, report) => {
      if (error) this.#refused.push({ error, report });
    });
    return producer;
  }

  async #start(): Promise<void> {
    const producer = this.#producer;
    await this.#asker.waitFor(connectClient(producer, this.#options.brokers));
    // Before connect this crashes the process (design §7).
    producer.setPollInBackground(true);
    await this.#asker.ask(REQUEST_TIMEOUT_MS, (timeoutMs, done) => producer.initTransactions(timeoutMs, done));
  }

  /** Last of the batch, in the same transaction: visible with the records or never (design §4). */
  #produceNumber(batch: bigint): void {
    try {
      this.#producer.produce(PROGRESS_TOPIC, this.#shard, Buffer.from(String(batch)), this.#options.deployment);
    } catch (error) {
      // Which no event is to blame for: settled like any end that is not known.
      throw brokerError(error, "producing a number", this.#options.brokers);
    }
  }

  /**
   * The client goes on sending to a topic that is gone for as long as it may, and a shard whose numbers are gone is to
   * halt at once (design §4): what takes long is given up as soon as that is what it waits for. Answers whether there was a
   * plan to commit under.
   */
  async #commit({ events, planned }: PublishRequest): Promise<boolean> {
    const { reach } = this.#options;
    let gone: SidingError | null = null;
    let looking = false;
    const watch = setInterval(async () => {
      if (looking) return;
      looking = true;
      // A Kafka that does not answer has not lost the topic.
      const isThere = await this.#progress.hasPlace(this.#shard, SLOW_MS).catch(() => true);
      const lost = await this.#topics.lost(new Set(events.map(({ topic }) => topic))).catch(() => []);
      looking = false;
      if (!isThere) gone = topicGone(PROGRESS_TOPIC, this.#options.brokers);
      for (const topic of lost) gone ??= topicGone(topic, this.#options.brokers);
    }, SLOW_MS);
    try {
      if (events.length < SMALL_BATCH_EVENTS) {
        await this.#delivery.untilDelivered(this.#producer, () => {
          if (gone !== null) throw gone;
          return this.#asker.isClosed;
        });
      }
      if ((await planned) === false) return false;
      reach?.("before-commit", this.#shard);
      await this.#asker.ask(COMMIT_WITHIN_MS, (timeoutMs, done) => {
        if (gone !== null) done(gone as never);
        else this.#producer.commitTransaction(timeoutMs, done);
      });
      reach?.("after-commit", this.#shard);
      return true;
    } finally {
      clearInterval(watch);
    }
  }

  async #untilMs(ms: number): Promise<void> {
    const leftMs = ms - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
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
    const outcome = await this.#abort(refusal ?? unknown);
    return outcome.kind === "refused" ? await this.#renewProducer(outcome) : outcome;
  }

  /**
   * A record that a broker refused leaves a gap in its partition's sequence, which fails this producer's next
   * transaction. A new one under the same transactional id has none.
   */
  async #renewProducer(outcome: PublishOutcome): Promise<PublishOutcome> {
    await this.close();
    this.#producer = this.#newProducer();
    try {
      await this.#start();
      return outcome;
    } catch (error) {
      if (kindOf(error as ClientError) === "fenced") return { kind: "fenced" };
      const doing = `opening shard ${this.#shard} again`;
      return { kind: "unknown", error: brokerError(error, doing, this.#options.brokers) };
    }
  }

  /** The reason of the failed commit is on its way through the client's background thread. */
  async #reportsArrive(): Promise<void> {
    for (let i = 0; i < 20 && this.#refused.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async #abort(outcome: PublishOutcome): Promise<PublishOutcome> {
    try {
      await this.#asker.ask(REQUEST_TIMEOUT_MS, (timeoutMs, done) => this.#producer.abortTransaction(timeoutMs, done));
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
      // No event is to blame for the topic of the numbers.
      if (report.topic === PROGRESS_TOPIC) return null;
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

function topicGone(topic: string, brokers: string): SidingError {
  return new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka at ${brokers}: the topic ${topic} is gone`);
}

/** A report carries no event id, only topic, key and value; two events alike in all three are refused alike. */
function isRecordOf(event: OutboxEvent, report: DeliveryReport): boolean {
  if (event.topic !== report.topic || recordKey(event) !== String(report.key)) return false;
  const value = (report as { value?: Buffer | null }).value;
  return value == null || Buffer.compare(Buffer.from(event.payload as string), value) === 0;
}
