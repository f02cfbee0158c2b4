import { type OutboxEvent, recordKey } from "@siding/core/event/outbox-event.js";
import { HeaderEncoder } from "@siding/publisher-kafka/encode-headers.js";
import { type KafkaWitness, SimulatedKafka } from "@siding/simulation/kafka/simulated-kafka.js";
import { SimulatedPublisher } from "@siding/simulation/kafka/simulated-publisher.js";
import { Coverage } from "@siding/simulation/world/coverage.js";
import { Faults } from "@siding/simulation/world/interference.js";
import { RelayProcess } from "@siding/simulation/world/relay-process.js";
import { Story } from "@siding/simulation/world/story.js";
import type { Surroundings } from "@siding/simulation/world/surroundings.js";
import { Timeline } from "@siding/simulation/world/timeline.js";
import { publisherContract } from "@siding/testkit/publisher-contract/publisher-contract.js";
import type { PublisherUnderTest, SeenRecord } from "@siding/testkit/publisher-contract/publisher-under-test.js";
import { SeededRandom } from "@siding/testkit/random.js";
import { keepTimeGoing, simulatedMs } from "./keep-time-going.js";

/** The client's own limit; a broker's is set with the topic. */
const CLIENT_BYTES_MAX = 1_000_000;
/** Longer than anything that is still on its way takes. */
const QUIET_MS = 1_000;

for (const delivery of ["exactly-once", "at-least-once"] as const) {
  publisherContract("SimulatedPublisher", delivery, async (): Promise<PublisherUnderTest> => {
    const timeline = new Timeline();
    const story = new Story(timeline, false);
    /** Of each topic that there is: what its broker takes, and what a read_committed consumer sees of it. */
    const topics = new Map<string, { bytesMax: number; records: OutboxEvent[] }>();
    const life = new SeededRandom(1);
    const surroundings: Surroundings = {
      schedule: { seed: 1, delivery },
      timeline,
      story,
      coverage: new Coverage(),
      faults: new Faults([], () => {}),
      isRelayToRun: false,
      kafka: new SimulatedKafka({
        timeline,
        story,
        witness: seeing((record) => topics.get(record.topic)!.records.push(record)),
        isRefused: ({ topic, bytes }, by) => bytes > (by === "client" ? CLIENT_BYTES_MAX : topics.get(topic)!.bytesMax),
        isTopicThere: (topic) => topics.has(topic),
        lagMs: () => life.next() * 8,
      }),
    };
    const endTime = keepTimeGoing(timeline);
    let relays = 0;
    return {
      connect: async () => {
        const plan = { startMs: 0, clockRate: 1, clockOffsetMs: 0 };
        return new SimulatedPublisher(surroundings, new RelayProcess(surroundings, 0, relays++, plan));
      },
      createTopic: async (topic, bytesMax = Number.POSITIVE_INFINITY) => {
        topics.set(topic, { bytesMax, records: [] });
      },
      read: async (topic) => {
        await simulatedMs(timeline, QUIET_MS);
        return topics.get(topic)!.records.map(asSeen);
      },
      close: async () => endTime(),
    };
  });
}

function seeing(see: (record: OutboxEvent) => void): KafkaWitness {
  return {
    committed: (_shard, _batch, records) => records.forEach(see),
    appended: (_shard, records) => records.forEach(see),
    fencedInKafka: () => {},
    openTransactionAborted: () => {},
    unstableOffset: () => {},
  };
}

/** The simulated log keeps events; a record of one is what the real encoder makes of it. */
const encoder = new HeaderEncoder("siding-simulated-0");
function asSeen(event: OutboxEvent): SeenRecord {
  return { key: recordKey(event), value: String(event.payload), headers: Object.assign({}, ...encoder.encode(event)) };
}
