import Kafka, {
  type IAdminClient,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Metadata,
  type TopicDescription,
  type WatermarkOffsets,
} from "@confluentinc/kafka-javascript";
import { Asker } from "./ask-until-answered.js";
import { brokerError, type ClientError } from "./broker-errors.js";
import {
  connectionConfig,
  groupId,
  type KafkaOptions,
  PROGRESS_TOPIC,
  producerConfig,
  TRANSACTION_TIMEOUT_MS,
} from "./client-config.js";
import { ClusterId } from "./cluster-id.js";
import {
  connectClient,
  disconnectConsumer,
  disconnectProducer,
  promised,
  withKnownProperties,
} from "./connect-client.js";
import type { KafkaFacts, TopicFacts, TransactionFacts } from "./kafka-facts.js";

export interface KafkaFactsWanted {
  readonly kafka: KafkaOptions;
  readonly topics: readonly string[];
  /** Whether to ask for a producer id, as a transactional relay does. */
  readonly withTransactions: boolean;
}

/** A doctor's patience: a broker that takes longer is a finding. */
const ANSWER_TIMEOUT_MS = 10_000;
const TOPICS_AT_ONCE = 200;
const E = Kafka.CODES.ERRORS;
const OPERATIONS = {
  [Kafka.AclOperationTypes.READ]: "read",
  [Kafka.AclOperationTypes.WRITE]: "write",
  [Kafka.AclOperationTypes.DESCRIBE]: "describe",
} as const;

/**
 * Asks the brokers what a relay would rest on. It writes no record and makes no topic; it asks for a producer id under a
 * transactional id of its own, which fences nobody. This client has no request for configurations.
 * @throws SIDING_BROKER_*, SIDING_CONFIG_INVALID for a property that the client does not know
 */
export async function readKafkaFacts({ kafka, topics, withTransactions }: KafkaFactsWanted): Promise<KafkaFacts> {
  const { brokers } = kafka;
  const asker = new Asker(brokers);
  const consumer = withKnownProperties(() => new Kafka.KafkaConsumer(metadataConfig(kafka), {}));
  const clusterId = new ClusterId(consumer, asker, brokers);
  try {
    await connectClient(consumer as never, brokers);
    const metadata = await asker.read<Metadata>(ANSWER_TIMEOUT_MS, (timeout, done) =>
      consumer.getMetadata({ timeout }, done as never),
    );
    const described = await describe(kafka, [PROGRESS_TOPIC, ...topics]);
    return {
      clusterId: await clusterId.read(),
      brokers: metadata.brokers.length,
      transactions: withTransactions ? await tryTransactions(kafka, asker) : null,
      topics: described,
      progressCutAt: await cutPartitions(consumer, asker, described.get(PROGRESS_TOPIC)?.partitions ?? 0),
    };
  } catch (error) {
    throw brokerError(error, "asking for what a relay rests on", brokers);
  } finally {
    await asker.close();
    await disconnectConsumer(consumer as never);
  }
}

function metadataConfig(kafka: KafkaOptions): never {
  return {
    ...connectionConfig(kafka),
    "group.id": groupId(kafka.deployment),
    "enable.auto.commit": false,
    // See cluster-id.ts.
    debug: "metadata",
    event_cb: true,
  } as never;
}

async function describe(kafka: KafkaOptions, names: readonly string[]): Promise<Map<string, TopicFacts>> {
  const admin: IAdminClient = Kafka.AdminClient.create(connectionConfig(kafka) as never);
  const facts = new Map<string, TopicFacts>();
  try {
    for (let at = 0; at < names.length; at += TOPICS_AT_ONCE) {
      const some = names.slice(at, at + TOPICS_AT_ONCE);
      const options = { includeAuthorizedOperations: true, timeout: ANSWER_TIMEOUT_MS };
      const described = await promised<TopicDescription[]>((done) =>
        admin.describeTopics(some, options, done as never),
      );
      for (const topic of described) facts.set(topic.name, topicFacts(topic));
    }
    return facts;
  } finally {
    admin.disconnect();
  }
}

function topicFacts({ partitions, error, authorizedOperations }: TopicDescription): TopicFacts {
  const operations = (authorizedOperations ?? []).flatMap((operation) => {
    const name = OPERATIONS[operation as keyof typeof OPERATIONS];
    return name === undefined ? [] : [name];
  });
  return {
    partitions: partitions.length,
    leaderless: partitions.filter(({ leader }) => leader == null || leader.id < 0).map(({ partition }) => partition),
    replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    inSync: Math.min(...partitions.map(({ isr }) => isr.length)),
    operations: authorizedOperations === undefined ? null : operations,
    error: error == null || error.code === E.ERR_NO_ERROR ? null : topicError(error),
  };
}

function topicError({ code, message }: LibrdKafkaError): TopicFacts["error"] {
  if (code === E.ERR_TOPIC_AUTHORIZATION_FAILED) return { kind: "denied", reason: message };
  const isMissing = code === E.ERR_UNKNOWN_TOPIC_OR_PART || code === E.ERR__UNKNOWN_TOPIC;
  return { kind: isMissing ? "missing" : "other", reason: message };
}

/** A doctor's own transactional id: a shard's would fence its relay. The brokers forget it after some days. */
async function tryTransactions(kafka: KafkaOptions, asker: Asker): Promise<TransactionFacts> {
  const id = `siding-${kafka.deployment}-doctor`;
  const producer = withKnownProperties(
    () =>
      new Kafka.Producer({
        ...producerConfig(kafka, 0),
        "client.id": id,
        "transactional.id": id,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
      }),
  );
  try {
    await connectClient(producer, kafka.brokers);
    await asker.ask(ANSWER_TIMEOUT_MS, (timeoutMs, done) => producer.initTransactions(timeoutMs, done));
    return { kind: "granted" };
  } catch (error) {
    const { code, message } = error as ClientError;
    return { kind: TRANSACTION_FAULTS.get(code) ?? "failed", reason: message };
  } finally {
    await disconnectProducer(producer);
  }
}

const TRANSACTION_FAULTS: ReadonlyMap<number, "too-long" | "denied" | "unsupported"> = new Map([
  [E.ERR_INVALID_TRANSACTION_TIMEOUT, "too-long"],
  [E.ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "denied"],
  [E.ERR_CLUSTER_AUTHORIZATION_FAILED, "denied"],
  [E.ERR__UNSUPPORTED_FEATURE, "unsupported"],
  [E.ERR_UNSUPPORTED_VERSION, "unsupported"],
]);

async function cutPartitions(consumer: KafkaConsumer, asker: Asker, partitions: number): Promise<number[]> {
  const cut = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const span = await asker.read<WatermarkOffsets>(ANSWER_TIMEOUT_MS, (timeoutMs, done) =>
        consumer.queryWatermarkOffsets(PROGRESS_TOPIC, partition, timeoutMs, done as never),
      );
      return span.lowOffset > 0 ? [partition] : [];
    }),
  );
  return cut.flat();
}
