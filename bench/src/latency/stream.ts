// A steady stream of events and their consumer, in one process, so that one clock times both ends.
import Kafka from "@confluentinc/kafka-javascript";
import { connectClient } from "@siding/publisher-kafka/connect-client.js";
import { sampleEvent } from "../events/sample-event.js";
import { childOptions, report, told } from "../raw/child-process.js";
import { openEnqueueSource } from "./enqueue-source.js";
import { openProduceSource } from "./produce-source.js";
import type { Source, StreamOptions } from "./stream-options.js";

const options = childOptions<StreamOptions>();
const TICK_MS = 1;
const LAST_ARRIVALS_MS = 20_000;

/** By event id: when its COMMIT was sent, or when it was handed to the raw client. */
const sentAtMs = new Map<string, number>();
const latenciesMs: number[] = [];
let arrived = 0;
let countFromMs = Number.POSITIVE_INFINITY;

async function startConsumer(): Promise<void> {
  const consumer = new Kafka.KafkaConsumer(
    {
      ...{ "bootstrap.servers": options.brokers, "group.id": `latency-${options.topic}` },
      ...{ "isolation.level": "read_committed", "enable.auto.commit": false },
    } as never,
    { "auto.offset.reset": "earliest" },
  );
  await connectClient(consumer as never, options.brokers);
  // By default the client's loop sleeps for half a second whenever a second passes without a record.
  consumer.setDefaultConsumeTimeout(200);
  consumer.setDefaultConsumeLoopTimeoutDelay(0);
  consumer.on("data", ({ headers }) => {
    const nowMs = performance.now();
    const id = String(headers?.find((header) => "event-id" in header)?.["event-id"]);
    const sent = sentAtMs.get(id);
    if (sent === undefined) return;
    sentAtMs.delete(id);
    arrived += 1;
    if (sent >= countFromMs) latenciesMs.push(nowMs - sent);
  });
  const partitions = Array.from({ length: options.partitions }, (_, partition) => partition);
  consumer.assign(partitions.map((partition) => ({ topic: options.topic, partition, offset: 0 })));
  consumer.consume();
}

/** At its own pace, whatever becomes of the events: one that waits is late, and counts as late. */
async function run(source: Source): Promise<number> {
  const beganMs = performance.now();
  countFromMs = beganMs + options.warmUpSeconds * 1000;
  const endMs = countFromMs + options.seconds * 1000;
  let offered = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now();
      for (; offered < ((nowMs - beganMs) / 1000) * options.perSecond; offered++) {
        const event = sampleEvent(options.firstEvent + offered, options);
        source.offer(event, () => sentAtMs.set(event.eventId, performance.now()));
      }
      if (nowMs < endMs) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  return offered;
}

await startConsumer();
const source = await (options.raw ? openProduceSource(options, options.raw) : openEnqueueSource(options));
await report({ kind: "ready" });
await told("go");
const offered = await run(source);
const deadlineMs = performance.now() + LAST_ARRIVALS_MS;
while (arrived < offered && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 10));
await report({ kind: "done", offered, arrived, latenciesMs } as never);
// It says no goodbye and is ended by its parent: disconnecting a consumer that reads in a loop of its own can wait for
// ever inside the client, and so can the exit of a process that began to.
