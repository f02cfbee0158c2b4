import { SidingError } from "@siding/core/errors.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Publisher, PublishOutcome, PublishRequest, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { EventFault } from "@siding/core/retry/failure.js";
import type { RelayProcess } from "../world/relay-process.js";
import type { Surroundings } from "../world/surroundings.js";
import { BrokerClient } from "./broker-client.js";
import { BrokerFault, type Producer } from "./simulated-kafka.js";

/** How long a topic that was seen counts as there, as in the real directory. */
const TOPIC_SEEN_MS = 100;
/** A request of more records than this goes in two, so that a batch can be half produced. */
const RECORDS_A_REQUEST = 3;
/** A large batch goes in no more requests than this, of more records each. */
const REQUESTS_A_BATCH = 20;

/** The publisher port of one process, in the requests that the real client makes of a broker. */
export class SimulatedPublisher implements Publisher {
  readonly #world: Surroundings;
  readonly #process: RelayProcess;
  readonly #client: BrokerClient;
  readonly #seenAtMs = new Map<string, number>();

  constructor(world: Surroundings, process: RelayProcess) {
    this.#world = world;
    this.#process = process;
    this.#client = new BrokerClient(world, process);
  }

  async clusterId(): Promise<string> {
    return "cluster";
  }

  async open(shard: number): Promise<ShardPublisher> {
    const gone = (topic: string): void => void this.#seenAtMs.delete(topic);
    if (this.#world.schedule.delivery === "at-least-once") {
      this.#client.mustBeOpen();
      return new PlainShard(shard, this.#world, this.#client, gone);
    }
    const epoch = await this.#client.settled("init", () => this.#world.kafka.initProducerId(shard));
    this.#world.story.tell(this.#process.name, () => `has opened shard ${shard} in Kafka as producer epoch ${epoch}`);
    return new TransactionalShard({ shard, epoch, ordinal: 0 }, this.#world, this.#process, this.#client, gone);
  }

  async topicFaults(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const now = this.#world.timeline.nowMs;
    const unsure = [...topics].filter((topic) => (this.#seenAtMs.get(topic) ?? -TOPIC_SEEN_MS) + TOPIC_SEEN_MS <= now);
    if (unsure.length === 0) return new Map();
    const missing = await this.#client.settled("topics", () => this.#world.kafka.missingTopics(new Set(unsure)));
    for (const topic of unsure) if (!missing.has(topic)) this.#seenAtMs.set(topic, now);
    if (missing.size > 0) this.#world.coverage.note("topic-missing");
    return missing;
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

/** The real publisher's two ways, each of which has to be opened: after so many small batches, and for a larger one. */
const QUICK_AFTER_BATCHES = 1;
const QUICK_EVENTS_MAX = 2;
/** Until a batch that came back is read again, in the lane that is looked at least often. */
const STAY_MS = 600;

/** One Kafka transaction a batch: records, number, commit (design §4, step 2). */
class TransactionalShard implements ShardPublisher {
  readonly #shard: number;
  readonly #world: Surroundings;
  readonly #process: RelayProcess;
  readonly #client: BrokerClient;
  readonly #topicGone: (topic: string) => void;
  #producer: Producer;
  #sequence = 0;
  #isQuick = false;
  #calm = 0;
  #quickFromMs = 0;
  /** A batch came back: what the quick way began is left open, and it carries no other. */
  #isSpent = false;
  #end: PublishOutcome | null = null;

  constructor(
    producer: Producer,
    world: Surroundings,
    process: RelayProcess,
    client: BrokerClient,
    topicGone: (topic: string) => void,
  ) {
    this.#shard = producer.shard;
    this.#producer = producer;
    this.#world = world;
    this.#process = process;
    this.#client = client;
    this.#topicGone = topicGone;
  }

  committedBatch(): Promise<bigint | null> {
    return this.#client.settled("committed", () => this.#world.kafka.committedNumber(this.#shard));
  }

  async commitNumber(batch: bigint): Promise<void> {
    const outcome = await this.publish({ batch, events: [] });
    if (outcome.kind === "committed") return;
    if (outcome.kind === "unknown") throw outcome.error;
    throw new SidingError("SIDING_FENCED", `committing the number of shard ${this.#shard}: ${outcome.kind}`);
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    if (this.#end !== null) return this.#end;
    const isSmall = request.events.length <= QUICK_EVENTS_MAX;
    this.#calm = isSmall ? this.#calm + 1 : 0;
    if (this.#isQuick && (!isSmall || this.#isSpent)) return this.#returned();
    const outcome = await this.#publish(request);
    if (outcome.kind === "fenced" || outcome.kind === "unknown") this.#end = outcome;
    return outcome;
  }

  async #publish({ batch, events, planned }: PublishRequest): Promise<PublishOutcome> {
    const { kafka, story } = this.#world;
    const ids = (): string => (events.length === 0 ? "no events" : events.map((event) => event.eventId).join(" "));
    story.tell(this.#process.name, () => `publishes batch ${batch} of shard ${this.#shard}: ${ids()}`);
    this.#producer = { ...this.#producer, ordinal: this.#producer.ordinal + 1 };
    const refused = refusedByClient(this.#world, events);
    if (refused.length > 0) return await this.#abort({ kind: "refused", events: refused, topics: new Map() });
    const producer = this.#producer;
    try {
      for (const records of inRequests(events)) {
        const sequence = this.#sequence++;
        await this.#client.repeated("produce", () => kafka.produce(producer, sequence, records));
      }
      await this.#client.repeated("offsets", () => kafka.sendNumber(producer, batch));
    } catch (error) {
      if (!this.#isQuick || isFenced(error)) return await this.#notCommitted(error as Error);
      return this.#returned();
    }
    if ((await planned) === false) return await this.#abort({ kind: "withheld" });
    try {
      await this.#client.repeated("commit", () => kafka.endTransaction(producer, "commit"));
      story.tell(this.#process.name, () => `hears that batch ${batch} of shard ${this.#shard} is committed`);
      return { kind: "committed" };
    } catch (error) {
      if (isFenced(error)) return { kind: "fenced" };
      this.#world.coverage.note("commit-unknown");
      return { kind: "unknown", error: unreachable(`committing: ${(error as Error).message}`) };
    }
  }

  async rested(): Promise<void> {
    if (this.#end !== null) return;
    const isCalm = this.#calm >= QUICK_AFTER_BATCHES && this.#world.timeline.nowMs >= this.#quickFromMs;
    if (this.#isQuick ? this.#isSpent : isCalm) await this.#change();
  }

  #returned(): PublishOutcome {
    this.#isSpent = true;
    this.#world.coverage.note("batch-returned");
    return { kind: "refused", events: [], topics: new Map() };
  }

  async close(): Promise<void> {}

  async #change(): Promise<void> {
    const shard = this.#shard;
    const epoch = await this.#client.settled("init", () => this.#world.kafka.initProducerId(shard));
    this.#world.coverage.note("way-changed");
    this.#isQuick = !this.#isQuick;
    this.#isSpent = false;
    this.#calm = 0;
    if (!this.#isQuick) this.#quickFromMs = this.#world.timeline.nowMs + STAY_MS;
    this.#producer = { shard, epoch, ordinal: 0 };
    this.#sequence = 0;
    this.#world.story.tell(this.#process.name, () => `opens shard ${shard} anew in Kafka as producer epoch ${epoch}`);
  }

  /** Before the commit was asked for, an error says that there is none: the client aborts. */
  async #notCommitted(error: Error): Promise<PublishOutcome> {
    if (isFenced(error)) return { kind: "fenced" };
    const refusal = error instanceof BrokerFault ? error.refusal : null;
    if (refusal?.kind === "events") {
      const faults = refusal.seqs.map((seq) => ({ seq, error: error.message }));
      if (faults.length > 1) this.#world.coverage.note("neighbour-blamed");
      return await this.#abort({ kind: "refused", events: faults, topics: new Map() });
    }
    if (refusal?.kind === "topic") {
      this.#world.coverage.note("topic-vanished-in-batch");
      this.#topicGone(refusal.topic);
      return await this.#abort({ kind: "refused", events: [], topics: new Map([[refusal.topic, error.message]]) });
    }
    return { kind: "unknown", error: unreachable(error.message) };
  }

  async #abort(outcome: PublishOutcome): Promise<PublishOutcome> {
    try {
      const producer = this.#producer;
      await this.#client.repeated("abort", () => this.#world.kafka.endTransaction(producer, "abort"));
      return outcome;
    } catch (error) {
      if (isFenced(error)) return { kind: "fenced" };
      return { kind: "unknown", error: unreachable(`aborting: ${(error as Error).message}`) };
    }
  }
}

/** An idempotent producer without transactions, for at-least-once. */
class PlainShard implements ShardPublisher {
  readonly #shard: number;
  readonly #world: Surroundings;
  readonly #client: BrokerClient;
  readonly #topicGone: (topic: string) => void;
  readonly #appended = new Set<number>();
  #sequence = 0;

  constructor(shard: number, world: Surroundings, client: BrokerClient, topicGone: (topic: string) => void) {
    this.#topicGone = topicGone;
    this.#shard = shard;
    this.#world = world;
    this.#client = client;
  }

  async committedBatch(): Promise<bigint | null> {
    return null;
  }

  async commitNumber(): Promise<void> {}

  async publish({ events }: PublishRequest): Promise<PublishOutcome> {
    const faults = refusedByClient(this.#world, events);
    const topics = new Map<string, string>();
    const left = events.filter((event) => !faults.some((fault) => fault.seq === event.seq));
    for (const records of inRequests(left, "by topic")) {
      // What waits for a topic that turned out to be missing fails with it, unsent.
      if (topics.has(records[0]!.topic)) continue;
      const sequence = this.#sequence++;
      const append = (): void => this.#world.kafka.append(this.#shard, this.#appended, sequence, records);
      try {
        await this.#client.repeated("append", append);
      } catch (error) {
        const refusal = error instanceof BrokerFault ? error.refusal : null;
        if (refusal === null) return { kind: "unknown", error: unreachable((error as Error).message) };
        if (refusal.kind === "topic") {
          topics.set(refusal.topic, (error as Error).message);
          this.#topicGone(refusal.topic);
        } else faults.push(...refusal.seqs.map((seq) => ({ seq, error: (error as Error).message })));
      }
    }
    if (faults.length === 0 && topics.size === 0) return { kind: "committed" };
    return { kind: "refused", events: faults, topics };
  }

  async rested(): Promise<void> {}

  async close(): Promise<void> {}
}

function refusedByClient(world: Surroundings, events: readonly OutboxEvent[]): EventFault[] {
  const refused = events.filter((event) => world.kafka.refuses(event, "client"));
  for (const { eventId } of refused) world.kafka.refusals.set(eventId, (world.kafka.refusals.get(eventId) ?? 0) + 1);
  return refused.map(({ seq }) => ({ seq, error: "message too large" }));
}

function inRequests(
  events: readonly OutboxEvent[],
  how: "as they come" | "by topic" = "as they come",
): OutboxEvent[][] {
  const requests: OutboxEvent[][] = [];
  const size = Math.max(RECORDS_A_REQUEST, Math.ceil(events.length / REQUESTS_A_BATCH));
  for (const event of events) {
    const fitting = requests.findLast((request) => how === "as they come" || request[0]!.topic === event.topic);
    if (fitting === undefined || fitting.length === size) requests.push([event]);
    else fitting.push(event);
  }
  return requests;
}

function isFenced(error: unknown): boolean {
  return error instanceof BrokerFault && error.kind === "fenced";
}

function unreachable(how: string): SidingError {
  return new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka: ${how}`);
}
