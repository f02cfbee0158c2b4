import type { KafkaConsumer } from "@confluentinc/kafka-javascript";
import type { Asker } from "./ask-until-answered.js";
import { brokerError } from "./broker-errors.js";
import { PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";

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
