// A read_committed consumer in a process of its own: the load generator's event loop must not delay what it sees.
import Kafka from "@confluentinc/kafka-javascript";
import { connectClient } from "@siding/publisher-kafka/connect-client.js";
import { childOptions, report, told } from "../raw/child-process.js";
import { machineMs } from "./machine-clock.js";

export interface ReceiveOptions {
  readonly brokers: string;
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
}

export interface Received {
  readonly kind: "received";
  /** Pairs of an event's number and the time at which it came. */
  readonly arrivals: readonly (readonly [n: number, atMs: number])[];
}

const options = childOptions<ReceiveOptions>();
const consumer = new Kafka.KafkaConsumer(
  {
    "bootstrap.servers": options.brokers,
    "group.id": options.group,
    "isolation.level": "read_committed",
    "enable.auto.commit": false,
    "socket.nagle.disable": true,
    // The broker answers a waiting fetch as soon as a byte can be read; the longest wait matters for an idle topic only.
    "fetch.min.bytes": 1,
    "fetch.wait.max.ms": FETCH_WAIT_MAX_MS(),
    "fetch.queue.backoff.ms": 1,
  } as never,
  { "auto.offset.reset": "earliest" },
);

function FETCH_WAIT_MAX_MS(): number {
  return Number(process.env.BENCH_FETCH_WAIT ?? 5);
}

const arrivals: [number, number][] = [];
consumer.on("data", (message) => {
  // The key ends with the event's number: tenant:n.
  const key = String(message.key);
  arrivals.push([Number(key.slice(key.lastIndexOf(":") + 1)), machineMs()]);
});

await connectClient(consumer as never, options.brokers);
// No group: joining one takes seconds, and its rebalances are no part of the figure.
consumer.assign(
  Array.from({ length: options.partitions }, (_, partition) => ({ topic: options.topic, partition, offset: 0 })),
);
// Flowing: a thread of the client hands each message over as it comes, instead of waiting for a batch.
consumer.consume();
await report({ kind: "ready" });
await told("end");
await report({ kind: "received", arrivals } as Received);
process.exit(0);
