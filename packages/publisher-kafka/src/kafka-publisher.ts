import Kafka, { type KafkaConsumer, type Metadata } from "@confluentinc/kafka-javascript";
import type { Publisher, ShardPublisher } from "@siding/core/ports/publisher.js";
import { Asker } from "./ask-until-answered.js";
import { AtLeastOnceShard } from "./at-least-once-shard.js";
import { brokerError } from "./broker-errors.js";
import { connectionConfig, groupId, type KafkaOptions, PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { ClusterId } from "./cluster-id.js";
import { connectClient, disconnectConsumer, withKnownProperties } from "./connect-client.js";
import { Distrust } from "./distrust.js";
import { ProgressReader } from "./progress-reader.js";
import { ensureProgressTopic } from "./progress-topic.js";
import { TopicDirectory } from "./topic-directory.js";
import { TransactionalShard } from "./transactional-shard.js";

export type Delivery = "exactly-once" | "at-least-once";

/** Kafka through librdkafka. One consumer, which never subscribes, reads metadata and where partitions end. */
export class KafkaPublisher implements Publisher {
  readonly #options: KafkaOptions;
  readonly #delivery: Delivery;
  readonly #consumer: KafkaConsumer;
  readonly #asker: Asker;
  readonly #progress: ProgressReader;
  readonly #topics: TopicDirectory;
  readonly #clusterId: ClusterId;
  readonly #distrust = new Distrust();
  #closed: Promise<void> | null = null;

  private constructor(options: KafkaOptions, delivery: Delivery) {
    this.#options = options;
    this.#delivery = delivery;
    this.#consumer = newConsumer(options);
    this.#asker = new Asker(options.brokers);
    this.#progress = new ProgressReader(options, this.#asker, this.#consumer);
    this.#topics = new TopicDirectory(this.#consumer as never, this.#asker, options.brokers, () => performance.now());
    this.#clusterId = new ClusterId(this.#consumer, this.#asker, options.brokers);
  }

  /**
   * Connects, and makes the progress topic where it is missing.
   * @throws SIDING_BROKER_*, SIDING_CONFIG_INVALID for a property that the client does not know
   */
  static async connect(options: KafkaOptions, delivery: Delivery): Promise<KafkaPublisher> {
    const publisher = withKnownProperties(() => new KafkaPublisher(options, delivery));
    try {
      await connectClient(publisher.#consumer as never, options.brokers);
      if (delivery === "exactly-once") await publisher.#ensureProgressTopic();
      return publisher;
    } catch (error) {
      await publisher.close();
      throw error;
    }
  }

  clusterId(): Promise<string> {
    return this.#clusterId.read();
  }

  /** A shard's number without opening the shard: nobody is fenced by it. @throws SIDING_BROKER_* */
  peekNumber(shard: number): Promise<bigint | null> {
    return this.#progress.read(shard);
  }

  async open(shard: number): Promise<ShardPublisher> {
    const parts = { options: this.#options, topics: this.#topics, progress: this.#progress, asker: this.#asker };
    return this.#delivery === "exactly-once"
      ? TransactionalShard.open(shard, { ...parts, clusterId: this.#clusterId, distrust: this.#distrust })
      : AtLeastOnceShard.open(shard, this.#options, this.#topics, this.#asker);
  }

  topicFaults(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    return this.#topics.faultsOf(topics);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#asker.close();
    await this.#progress.close();
    await disconnectConsumer(this.#consumer as never);
  }

  async #ensureProgressTopic(): Promise<void> {
    try {
      const metadata = await this.#asker.read<Metadata>(REQUEST_TIMEOUT_MS, (timeout, done) =>
        this.#consumer.getMetadata({ timeout }, done as never),
      );
      const topic = metadata.topics.find((each) => each.name === PROGRESS_TOPIC);
      await ensureProgressTopic(this.#options, topic?.partitions.length ?? 0);
    } catch (error) {
      throw brokerError(error, "reading the list of topics", this.#options.brokers);
    }
  }
}

function newConsumer(options: KafkaOptions): KafkaConsumer {
  return new Kafka.KafkaConsumer(
    {
      ...connectionConfig(options),
      "group.id": groupId(options.deployment),
      // Where a partition ends is asked with it: behind what open transactions hold.
      "isolation.level": "read_uncommitted",
      "enable.auto.commit": false,
      // The cluster's id has no call of its own in this client; its metadata log names it.
      debug: "metadata",
      event_cb: true,
    } as never,
    {},
  );
}
