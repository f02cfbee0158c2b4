import Kafka, { type LibrdKafkaError } from "@confluentinc/kafka-javascript";
import { type OutboxEvent, recordKey } from "@siding/core/event/outbox-event.js";
import type { PublishOutcome, PublishRequest, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { EventFault } from "@siding/core/retry/failure.js";
import type { Asker } from "./ask-until-answered.js";
import { brokerError, type ClientError, kindOf } from "./broker-errors.js";
import { type KafkaOptions, producerConfig, producerId } from "./client-config.js";
import { connectClient, disconnectProducer, withKnownProperties } from "./connect-client.js";
import { HeaderEncoder } from "./encode-headers.js";
import type { TopicDirectory } from "./topic-directory.js";

/** The records of one batch that have not been reported yet. Reports of an earlier batch find another object. */
interface Delivery {
  outstanding: number;
  readonly faults: { readonly event: OutboxEvent; readonly error: LibrdKafkaError }[];
  readonly done: () => void;
}

interface Opaque {
  readonly delivery: Delivery;
  readonly event: OutboxEvent;
}

/**
 * For brokers without transactions: an idempotent producer that waits for every record's delivery report before the
 * batch counts as committed (design §4). A relay that dies in between publishes the batch again.
 */
export class AtLeastOnceShard implements ShardPublisher {
  readonly #shard: number;
  readonly #options: KafkaOptions;
  readonly #topics: TopicDirectory;
  readonly #asker: Asker;
  readonly #producer: Kafka.Producer;
  readonly #headers: HeaderEncoder;

  private constructor(shard: number, options: KafkaOptions, topics: TopicDirectory, asker: Asker) {
    this.#shard = shard;
    this.#options = options;
    this.#topics = topics;
    this.#asker = asker;
    this.#headers = new HeaderEncoder(producerId(options.deployment, shard));
    this.#producer = new Kafka.Producer({
      // There is no transaction to fill, and its reports are waited for one by one.
      ...producerConfig(options, shard),
      "linger.ms": 0,
    });
    this.#producer.on("delivery-report", (error, report) => {
      const { delivery, event } = report.opaque as Opaque;
      if (error) delivery.faults.push({ event, error });
      delivery.outstanding -= 1;
      if (delivery.outstanding === 0) delivery.done();
    });
  }

  /** @throws SIDING_BROKER_* */
  static async open(
    shard: number,
    options: KafkaOptions,
    topics: TopicDirectory,
    asker: Asker,
  ): Promise<AtLeastOnceShard> {
    const opened = withKnownProperties(() => new AtLeastOnceShard(shard, options, topics, asker));
    try {
      await asker.waitFor(connectClient(opened.#producer, options.brokers));
      opened.#producer.setPollInBackground(true);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** This mode keeps no number in Kafka. */
  async committedBatch(): Promise<bigint | null> {
    return null;
  }

  async commitNumber(): Promise<void> {}

  async rested(): Promise<void> {}

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const { events } = request;
    if (events.length === 0) return { kind: "committed" };
    let settled: () => void = () => {};
    const reported = new Promise<void>((resolve) => {
      settled = resolve;
    });
    const delivery: Delivery = { outstanding: events.length, faults: [], done: settled };
    const faults: EventFault[] = [];
    for (const event of events) {
      const value = typeof event.payload === "string" ? Buffer.from(event.payload) : (event.payload as Buffer);
      const opaque: Opaque = { delivery, event };
      try {
        this.#producer.produce(
          event.topic,
          null,
          value,
          recordKey(event),
          undefined,
          opaque,
          this.#headers.encode(event) as never,
        );
      } catch (error) {
        delivery.outstanding -= 1;
        if (kindOf(error as ClientError) !== "event") return this.#unknown(error);
        faults.push({ seq: event.seq, error: (error as Error).message });
      }
    }
    // Every record is reported at delivery.timeout.ms at the latest.
    try {
      if (delivery.outstanding > 0) await this.#asker.waitFor(reported);
    } catch (error) {
      return this.#unknown(error);
    }
    return this.#read(delivery, faults);
  }

  async close(): Promise<void> {
    await disconnectProducer(this.#producer);
  }

  #read(delivery: Delivery, faults: EventFault[]): PublishOutcome {
    const topics = new Map<string, string>();
    for (const { event, error } of delivery.faults) {
      const kind = kindOf(error);
      if (kind === "topic") topics.set(event.topic, error.message);
      else if (kind === "event") faults.push({ seq: event.seq, error: error.message });
      else return this.#unknown(error);
    }
    for (const [topic, reason] of topics) this.#topics.markFault(topic, reason);
    if (faults.length === 0 && topics.size === 0) return { kind: "committed" };
    return { kind: "refused", events: faults, topics };
  }

  #unknown(error: unknown): PublishOutcome {
    return {
      kind: "unknown",
      error: brokerError(error, `publishing shard ${this.#shard}`, this.#options.brokers),
    };
  }
}
