import { setTimeout as sleep } from "node:timers/promises";
import type { KafkaConsumer, Metadata } from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import type { Asker } from "./ask-until-answered.js";
import { brokerError } from "./broker-errors.js";
import { PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";
import { promised } from "./connect-client.js";

/** Where a shard's number is committed. */
export function progressPlace(shard: number): { topic: string; partition: number } {
  return { topic: PROGRESS_TOPIC, partition: shard };
}

/**
 * The number that Kafka holds for a shard, null where it holds none. The consumer reads committed only, so this waits
 * while a transaction is open (require_stable, KIP-447).
 * @throws SIDING_BROKER_*
 */
export async function readNumber(
  consumer: KafkaConsumer,
  asker: Asker,
  shard: number,
  brokers: string,
): Promise<bigint | null> {
  try {
    const places = await asker.read<{ offset?: number }[]>(REQUEST_TIMEOUT_MS, (timeoutMs, done) =>
      consumer.committed([progressPlace(shard)], timeoutMs, done as never),
    );
    const offset = places[0]?.offset;
    return offset === undefined || offset < 0 ? null : BigInt(offset);
  } catch (error) {
    throw brokerError(error, `reading the number of shard ${shard}`, brokers);
  }
}

/** A number that takes longer to be sent is asked about: most take a millisecond. */
const SLOW_MS = 1_000;

/**
 * Throws once the topic of the numbers turns out to be gone; asks until the signal is aborted, and throws then too. The
 * client goes on sending to a topic that is gone for as long as it may, and such a shard is to halt at once (design §4).
 * @throws SIDING_BROKER_UNREACHABLE
 */
export async function numbersGone(
  consumer: KafkaConsumer,
  { shard, brokers, signal }: { readonly shard: number; readonly brokers: string; readonly signal: AbortSignal },
): Promise<never> {
  for (;;) {
    await sleep(SLOW_MS, undefined, { signal });
    // Not through the asker: beside a number on its way to a silent Kafka this may outlast its time, and no close waits for it.
    const metadata = await promised<Metadata>((done) =>
      consumer.getMetadata({ timeout: SLOW_MS }, done as never),
    ).catch(() => null); // a Kafka that does not answer has not lost the topic
    if (metadata === null) continue;
    const partitions = metadata.topics.find(({ name }) => name === PROGRESS_TOPIC)?.partitions.length ?? 0;
    if (partitions > shard) continue;
    throw new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka at ${brokers}: the topic ${PROGRESS_TOPIC} is gone`);
  }
}
