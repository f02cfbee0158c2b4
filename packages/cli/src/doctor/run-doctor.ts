import { isSidingError, type SidingError } from "@siding/core/errors.js";
import type { KafkaFacts } from "@siding/publisher-kafka/kafka-facts.js";
import { readKafkaFacts } from "@siding/publisher-kafka/read-kafka-facts.js";
import type { PostgresFacts } from "@siding/store-postgres/postgres-facts.js";
import { readPostgresFacts } from "@siding/store-postgres/read-postgres-facts.js";
import { requireSetting } from "../config/load-config.js";
import type { SidingConfig } from "../config/settings.js";
import { connectionsOfRelay } from "../start-relay.js";
import { systemClock } from "../system-clock.js";
import { type Finding, problem } from "./finding.js";
import { judgeKafka } from "./judge-kafka.js";
import { judgeIdentity, judgeSchema } from "./judge-schema.js";
import { judgeServer } from "./judge-server.js";

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** 0, 1 where there is a problem, 3 where a system could not be reached. */
  readonly exit: 0 | 1 | 3;
}

/**
 * Looks at both systems, and at the second also where the first cannot be reached. Changes nothing in either.
 * @param transactionMs from when on an open transaction counts as long
 * @throws SIDING_CONFIG_INVALID
 */
export async function runDoctor(config: SidingConfig, transactionMs: number): Promise<Diagnosis> {
  const brokers = requireSetting(config, "kafkaBrokers").join(",");
  const databaseUrl = requireSetting(config, "databaseUrl");
  const postgres = await orUnreachable(readPostgresFacts({ databaseUrl, transactionMs, unixMs: systemClock.unixMs }));
  const schema = postgres.facts?.schema ?? null;
  const shards = schema?.shards ?? config.shards;
  const topics = schema?.topics ?? [];
  const kafka = await orUnreachable(
    readKafkaFacts({
      kafka: { brokers, deployment: config.deployment, shards, properties: config.kafka },
      topics: topics.map(({ topic }) => topic),
      withTransactions: config.delivery === "exactly-once",
    }),
  );

  const findings: Finding[] = [];
  if (postgres.facts === null) findings.push(unreachable("postgres.reachable", postgres.error));
  else findings.push(...judgePostgres(postgres.facts, shards));
  if (schema !== null) findings.push(...judgeIdentity(schema, config.deployment, kafka.facts?.clusterId ?? null));
  if (kafka.facts === null) findings.push(unreachable("kafka.reachable", kafka.error));
  else findings.push(...judgeBrokers(kafka.facts));
  const isReached = postgres.facts !== null && kafka.facts !== null;
  const hasProblem = findings.some(({ level }) => level === "problem");
  return { findings, exit: isReached ? (hasProblem ? 1 : 0) : 3 };

  function judgePostgres(facts: PostgresFacts, shardCount: number): Finding[] {
    return [...judgeServer(facts, connectionsOfRelay(shardCount)), ...judgeSchema(facts)];
  }

  function judgeBrokers(facts: KafkaFacts): Finding[] {
    const largest = config.kafka["message.max.bytes"];
    return judgeKafka(facts, {
      brokers,
      shards,
      deployment: config.deployment,
      topics,
      payloadBytesMax: schema?.payloadBytesMax ?? null,
      clientMessageBytesMax: largest === undefined ? null : Number(largest),
    });
  }
}

type Answer<T> = { readonly facts: T; readonly error: null } | { readonly facts: null; readonly error: SidingError };

/** A system that cannot be reached is a finding; what is wrong on this side of the wire is not. */
async function orUnreachable<T>(reading: Promise<T>): Promise<Answer<T>> {
  try {
    return { facts: await reading, error: null };
  } catch (error) {
    if (!isSidingError(error) || error.exit !== 3) throw error;
    return { facts: null, error };
  }
}

function unreachable(check: string, error: SidingError): Finding {
  return problem(check, error.message, error.mend);
}
