import { PROGRESS_TOPIC, TRANSACTION_TIMEOUT_MS } from "@siding/publisher-kafka/client-config.js";
import type { KafkaFacts, TopicFacts } from "@siding/publisher-kafka/kafka-facts.js";
import { plural } from "../plural.js";
import { type Finding, ok, problem, unchecked, warning } from "./finding.js";

export interface KafkaExpectations {
  /** As the commands in mends name them. */
  readonly brokers: string;
  readonly shards: number;
  readonly deployment: string;
  /** Topics of events; how many of those that were looked at wait for each. */
  readonly topics: readonly { readonly topic: string; readonly waiting: number }[];
  /** The largest payload that siding.enqueue takes; null where that could not be read. */
  readonly payloadBytesMax: number | null;
  /** What this client sends at most in one record, as configured; null for its default. */
  readonly clientMessageBytesMax: number | null;
}

/** Stands in mends for the brokers that this run was given. */
const BOOTSTRAP = "--bootstrap-server …";
/** The client's own default of message.max.bytes. */
const CLIENT_MESSAGE_BYTES_MAX = 1_000_000;
const REPLICAS_WANTED = 3;
const PARTITIONS_PROPOSED = 12;
const TOPICS_NAMED = 20;

/** What a relay would rest on in Kafka. */
export function judgeKafka(facts: KafkaFacts, expected: KafkaExpectations): Finding[] {
  const findings = [
    ok("kafka.reachable", `cluster ${facts.clusterId}, ${plural(facts.brokers, "broker")}`),
    ...judgeTransactions(facts, expected),
    ...(facts.transactions === null ? [] : judgeProgress(facts, expected.shards)),
    ...judgeTopics(facts, expected),
    judgeSizes(expected),
    ...CANNOT_BE_READ,
  ];
  return findings.map(({ mend, ...rest }) => {
    return { ...rest, mend: mend?.replaceAll(BOOTSTRAP, `--bootstrap-server ${expected.brokers}`) ?? null };
  });
}

function judgeTransactions({ transactions }: KafkaFacts, { deployment }: KafkaExpectations): Finding[] {
  if (transactions === null) return [];
  const check = "kafka.transactions";
  const within = `${TRANSACTION_TIMEOUT_MS / 1_000} s`;
  switch (transactions.kind) {
    case "granted":
      return [ok(check, `granted, with transaction.max.timeout.ms of ${within} or more`)];
    case "too-long":
      return [
        problem(
          check,
          `the brokers refuse transactions of ${within}, which the relay asks for: ${transactions.reason}`,
          `kafka-configs.sh --bootstrap-server … --alter --entity-type brokers --entity-default --add-config transaction.max.timeout.ms=900000, or in each broker's server.properties.`,
        ),
      ];
    case "denied":
      return [
        problem(
          check,
          `this principal may not use the transactional ids siding-${deployment}-…: ${transactions.reason}`,
          `kafka-acls.sh --bootstrap-server … --add --allow-principal User:… --operation Write --operation Describe --transactional-id siding-${deployment}- --resource-pattern-type prefixed`,
        ),
      ];
    case "unsupported":
      return [
        problem(
          check,
          `the brokers have no transactions: ${transactions.reason}`,
          "Use brokers with transactions, or choose SIDING_DELIVERY=at-least-once.",
        ),
      ];
    case "failed":
      return [
        problem(
          check,
          `the brokers granted no producer id: ${transactions.reason}`,
          "See that __transaction_state has its replicas: kafka-topics.sh --bootstrap-server … --describe --topic __transaction_state",
        ),
      ];
  }
}

function judgeProgress({ topics, brokers, progressCutAt }: KafkaFacts, shards: number): Finding[] {
  const check = "kafka.progress";
  const topic = topics.get(PROGRESS_TOPIC);
  if (topic === undefined || topic.error?.kind === "missing") {
    const what = `${PROGRESS_TOPIC} does not exist: the first relay makes it, with the brokers' default replication`;
    const create = createCommand(PROGRESS_TOPIC, shards, brokers);
    const mend = `To choose its replication: ${create} --config cleanup.policy=compact. If relays ran here before: siding recover --all`;
    return [warning(check, what, mend)];
  }
  const findings = judgeTopic(check, PROGRESS_TOPIC, topic, brokers, ["read", "write"]);
  if (topic.error === null && topic.partitions < shards) {
    findings.push(
      warning(
        check,
        `${PROGRESS_TOPIC} has ${plural(topic.partitions, "partition")} for ${plural(shards, "shard")}: the next relay adds the rest`,
        `kafka-topics.sh --bootstrap-server … --alter --topic ${PROGRESS_TOPIC} --partitions ${shards}`,
      ),
    );
  }
  if (progressCutAt.length > 0) {
    findings.push(
      warning(
        check,
        `records were deleted from the start of partition ${progressCutAt.join(", ")} of ${PROGRESS_TOPIC}: it has a retention, and a number that goes with it halts its shard`,
        `kafka-configs.sh --bootstrap-server … --alter --topic ${PROGRESS_TOPIC} --add-config cleanup.policy=compact`,
      ),
    );
  }
  if (findings.length > 0) return findings;
  return [
    ok(
      check,
      `${PROGRESS_TOPIC}: ${plural(topic.partitions, "partition")}, ${plural(topic.replicas, "replica")} each, all in sync`,
    ),
  ];
}

function judgeTopics({ topics, brokers }: KafkaFacts, expected: KafkaExpectations): Finding[] {
  const check = "kafka.topics";
  const findings: Finding[] = [];
  for (const { topic: name, waiting } of expected.topics) {
    const topic = topics.get(name);
    if (topic === undefined) continue;
    if (topic.error?.kind === "missing") {
      const held = waiting === 0 ? "events for it will wait" : `${waiting} or more events wait for it`;
      const what = `${name} does not exist, or this principal may not see it: ${held}, in order, and go on once it is there`;
      const mend = createCommand(name, PARTITIONS_PROPOSED, brokers);
      findings.push(waiting === 0 ? warning(check, what, mend) : problem(check, what, mend));
    } else {
      findings.push(...judgeTopic(check, name, topic, brokers, ["write"]));
    }
  }
  if (findings.length === 0)
    return [ok(check, `${plural(expected.topics.length, "topic")} of waiting and of new events, all there`)];
  // The worst come first: what was cut must not have been a problem.
  const sorted = [...findings].sort((a, b) => Number(b.level === "problem") - Number(a.level === "problem"));
  const left = sorted.length - TOPICS_NAMED;
  if (left <= 0) return sorted;
  const rest = warning(check, `and ${left} more findings on topics`, "Mend these first, then run siding doctor again.");
  return [...sorted.slice(0, TOPICS_NAMED), rest];
}

function judgeTopic(
  check: string,
  name: string,
  topic: TopicFacts,
  brokers: number,
  needed: readonly ("read" | "write")[],
): Finding[] {
  if (topic.error !== null) {
    const mend = `kafka-acls.sh --bootstrap-server … --add --allow-principal User:… ${needed.map((each) => `--operation ${title(each)}`).join(" ")} --topic ${name}`;
    return [
      problem(check, `${name}: ${topic.error.reason}`, topic.error.kind === "denied" ? mend : describeCommand(name)),
    ];
  }
  const findings: Finding[] = [];
  const { operations } = topic;
  const lacks = operations === null ? [] : needed.filter((each) => !operations.includes(each));
  if (lacks.length > 0) {
    const flags = lacks.map((each) => `--operation ${title(each)}`).join(" ");
    const mend = `kafka-acls.sh --bootstrap-server … --add --allow-principal User:… ${flags} --topic ${name}`;
    findings.push(problem(check, `this principal may not ${lacks.join(" or ")} ${name}`, mend));
  }
  if (topic.leaderless.length > 0) {
    const which = topic.leaderless.slice(0, 10).join(", ");
    const what = `${name}: partition ${which} has no leader, and takes nothing`;
    findings.push(problem(check, what, `Start the brokers that hold it: ${describeCommand(name)}`));
  } else if (topic.inSync < topic.replicas) {
    const what = `${name}: a partition has ${topic.inSync} of ${topic.replicas} replicas in sync`;
    findings.push(warning(check, what, `See to the brokers that lag or are gone: ${describeCommand(name)}`));
  }
  const wanted = Math.min(REPLICAS_WANTED, brokers);
  if (topic.replicas < wanted) {
    findings.push(
      warning(
        check,
        `${name}: ${plural(topic.replicas, "replica")} on ${plural(brokers, "broker")}: what is acknowledged may be lost with one disk`,
        `kafka-reassign-partitions.sh raises it to ${wanted}, with min.insync.replicas=${wanted - 1}.`,
      ),
    );
  }
  return findings;
}

function judgeSizes({ payloadBytesMax, clientMessageBytesMax }: KafkaExpectations): Finding {
  const check = "kafka.message_size";
  const largest = clientMessageBytesMax ?? CLIENT_MESSAGE_BYTES_MAX;
  const limits = `siding.enqueue takes payloads of up to ${payloadBytesMax} bytes, and the client sends up to ${largest}`;
  if (payloadBytesMax === null)
    return unchecked(check, "the largest payload could not be read", "Mend the schema's findings first.");
  if (payloadBytesMax <= largest) return ok(check, limits);
  return warning(
    check,
    `${limits}: what lies between becomes a dead letter`,
    `SIDING_KAFKA__MESSAGE_MAX_BYTES=${payloadBytesMax + 100_000}, with message.max.bytes of the brokers to match.`,
  );
}

/** No request for configurations in this client, and brokers tell their clock to nobody. */
const CANNOT_BE_READ: readonly Finding[] = [
  unchecked(
    "kafka.min_insync_replicas",
    "min.insync.replicas, cleanup.policy and unclean.leader.election.enable cannot be read with this client",
    `kafka-configs.sh --bootstrap-server … --describe --all --topic ${PROGRESS_TOPIC} (and each topic of yours): 2, compact (${PROGRESS_TOPIC} alone), false`,
  ),
  unchecked(
    "kafka.max_message_bytes",
    "message.max.bytes of the brokers and max.message.bytes of topics cannot be read with this client",
    "kafka-configs.sh --bootstrap-server … --describe --all --topic …: max.message.bytes of 1000000 or more, since the relay fills its requests up to that",
  ),
  unchecked(
    "clock.kafka",
    "brokers do not tell their clock; retention by time goes by it, and nothing of Siding's does",
    "Compare date on the brokers' hosts.",
  ),
];

/** With as many replicas as there can be, up to the three that are wanted. */
function createCommand(topic: string, partitions: number, brokers: number): string {
  const replicas = Math.min(REPLICAS_WANTED, brokers);
  return `kafka-topics.sh --bootstrap-server … --create --topic ${topic} --partitions ${partitions} --replication-factor ${replicas} --config min.insync.replicas=${Math.max(1, replicas - 1)}`;
}

function describeCommand(topic: string): string {
  return `kafka-topics.sh --bootstrap-server … --describe --topic ${topic}`;
}

function title(operation: string): string {
  return `${operation[0]!.toUpperCase()}${operation.slice(1)}`;
}
