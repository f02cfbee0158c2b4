import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Story } from "../world/story.js";
import type { Timeline } from "../world/timeline.js";

/** A broker's transaction.timeout.ms, scaled down with the leases of a schedule. */
const TRANSACTION_TIMEOUT_MS = 400;

/** The number's partition may hear of a decision later than the others: harsher than Kafka, whose fence waits for them all. */
const TAKEN_OVER_LATE = 4;

/** What the broker answers instead of doing what was asked. */
export class BrokerFault extends Error {
  readonly kind: "retriable" | "fenced" | "invalid" | "refused";
  readonly refusal: Refusal | null;

  constructor(kind: BrokerFault["kind"], message: string, refusal: Refusal | null = null) {
    super(message);
    this.kind = kind;
    this.refusal = refusal;
  }
}

/** A produce request is refused as a whole, for a topic that is not there or because of one event in it. */
export type Refusal =
  | { readonly kind: "topic"; readonly topic: string }
  | { readonly kind: "events"; readonly seqs: readonly bigint[] };

/** Whether a record is refused once more, by the client before it is sent or by the broker. */
export type IsRefused = (record: OutboxEvent, by: "client" | "broker", refusedBefore: number) => boolean;

/** What the cluster did, told to whoever checks and counts. */
export interface KafkaWitness {
  /** A transaction is decided: what it holds becomes visible, whatever happens from now on. */
  committed(shard: number, batch: bigint | null, records: readonly OutboxEvent[]): void;
  /** Records outside of any transaction: visible as they come. */
  appended(shard: number, records: readonly OutboxEvent[]): void;
  fencedInKafka(shard: number, request: string): void;
  openTransactionAborted(shard: number, why: "fenced" | "timed-out" | "asked"): void;
  unstableOffset(shard: number): void;
}

/** Who asks: a producer, by the epoch it was given, and which of its transactions it means. */
export interface Producer {
  readonly shard: number;
  readonly epoch: number;
  /**
   * Counts this producer's transactions. A request that comes so late that its transaction is over must not touch the
   * next one; Kafka's own means for this is an epoch that rises with every transaction (KIP-890).
   */
  readonly ordinal: number;
}

interface Transaction {
  readonly ordinal: number;
  readonly records: OutboxEvent[];
  offset: bigint | null;
  readonly sequences: Set<number>;
}

const NO_TRANSACTION: Transaction = { ordinal: 0, records: [], offset: null, sequences: new Set() };

/** What the transaction coordinator holds of one transactional id (KIP-98). */
interface Coordinated {
  epoch: number;
  state: "empty" | "ongoing" | "prepare-commit" | "prepare-abort" | "complete-commit" | "complete-abort";
  transaction: Transaction;
}

/** A shard's partition of the progress topic: its last visible number, and how many transactions hold its end open. */
interface Place {
  committed: bigint | null;
  pending: number;
  /** When the latest decision shows: the partition's log keeps the order of decisions. */
  settledMs: number;
}

/**
 * A Kafka cluster as far as Siding can see it: transactional ids with epochs, transactions that are decided first and
 * become visible later, a number that cannot be read to its end until then. Every method is one request at the moment it is handled.
 */
export class SimulatedKafka {
  readonly #ids = new Map<number, Coordinated>();
  readonly #places = new Map<number, Place>();
  readonly #timeline: Timeline;
  readonly #story: Story;
  readonly #witness: KafkaWitness;
  readonly #isRefused: IsRefused;
  readonly #isTopicThere: (topic: string) => boolean;
  readonly #lagMs: () => number;
  /** How often each event was refused so far. */
  readonly refusals = new Map<string, number>();
  #movingUntilMs = 0;

  constructor(world: {
    timeline: Timeline;
    story: Story;
    witness: KafkaWitness;
    isRefused: IsRefused;
    isTopicThere: (topic: string) => boolean;
    /** From a decision to its markers, and from those to the number's. */
    lagMs: () => number;
  }) {
    this.#timeline = world.timeline;
    this.#story = world.story;
    this.#witness = world.witness;
    this.#isRefused = world.isRefused;
    this.#isTopicThere = world.isTopicThere;
    this.#lagMs = world.lagMs;
  }

  moveCoordinators(ms: number): void {
    this.#movingUntilMs = Math.max(this.#movingUntilMs, this.#timeline.nowMs + ms);
  }

  missingTopics(topics: ReadonlySet<string>): ReadonlyMap<string, string> {
    const missing = [...topics].filter((topic) => !this.#isTopicThere(topic));
    return new Map(missing.map((topic) => [topic, "the topic does not exist"]));
  }

  /** InitProducerId: fences whoever has the id, aborts what it left open, and answers once nothing is undecided. */
  initProducerId(shard: number): number {
    this.#mustBeHere();
    const id = this.#id(shard);
    if (id.state === "ongoing") {
      id.epoch += 1;
      this.#witness.openTransactionAborted(shard, "fenced");
      this.#end(shard, id, "abort");
    }
    if (id.state === "prepare-commit" || id.state === "prepare-abort") {
      throw new BrokerFault("retriable", "CONCURRENT_TRANSACTIONS");
    }
    id.epoch += 1;
    id.state = "empty";
    id.transaction = NO_TRANSACTION;
    return id.epoch;
  }

  /** @param sequence tells a repeated request from a new one, as idempotent producers' sequence numbers do */
  produce(producer: Producer, sequence: number, records: readonly OutboxEvent[]): void {
    const transaction = this.#openTransaction(producer, this.#current(producer, "records"));
    if (transaction.sequences.has(sequence)) return;
    this.#refuse(records);
    transaction.sequences.add(sequence);
    transaction.records.push(...records);
  }

  /** Outside of transactions: what is appended is there. */
  append(shard: number, seen: Set<number>, sequence: number, records: readonly OutboxEvent[]): void {
    this.#mustBeHere();
    if (seen.has(sequence)) return;
    this.#refuse(records);
    seen.add(sequence);
    this.#witness.appended(shard, records);
  }

  sendNumber(producer: Producer, batch: bigint): void {
    const transaction = this.#openTransaction(producer, this.#current(producer, "the number"));
    if (transaction.offset === null) this.#place(producer.shard).pending += 1;
    transaction.offset = batch;
  }

  /** EndTxn: from the decision on it is true, though nobody sees it before the markers are written. */
  endTransaction(producer: Producer, how: "commit" | "abort"): void {
    const id = this.#current(producer, how);
    if (id.transaction.ordinal !== producer.ordinal) {
      // With nothing in it yet there is nothing to end; the client does not even ask.
      if (how === "abort" && id.transaction.ordinal < producer.ordinal) return;
      throw new BrokerFault("invalid", "INVALID_TXN_STATE");
    }
    if (id.state === `prepare-${how}`) throw new BrokerFault("retriable", "CONCURRENT_TRANSACTIONS");
    if (id.state === `complete-${how}`) return;
    if (id.state !== "ongoing") throw new BrokerFault("invalid", "INVALID_TXN_STATE");
    if (how === "abort") this.#witness.openTransactionAborted(producer.shard, "asked");
    this.#end(producer.shard, id, how);
  }

  /** Reads the partition to the end that it has now, open transactions included. */
  committedNumber(shard: number): bigint | null {
    this.#mustBeHere();
    const place = this.#place(shard);
    if (place.pending > 0) {
      this.#witness.unstableOffset(shard);
      throw new BrokerFault("retriable", "the end is open");
    }
    return place.committed;
  }

  /** As an operator's tool would show it, for the check at the end. */
  numberOf(shard: number): bigint | null {
    return this.#place(shard).committed;
  }

  #end(shard: number, id: Coordinated, how: "commit" | "abort"): void {
    const { transaction } = id;
    id.state = `prepare-${how}`;
    if (how === "commit") this.#witness.committed(shard, transaction.offset, transaction.records);
    this.#story.tell("kafka", () =>
      how === "commit"
        ? `decides to commit the transaction of shard ${shard}: ${describe(transaction)}`
        : `aborts the transaction of shard ${shard}: ${describe(transaction)}`,
    );
    this.#timeline.after(this.#lagMs(), () => {
      id.state = `complete-${how}`;
      // The number's partition gets its marker on its own, a moment after the others.
      if (transaction.offset === null) return;
      const place = this.#place(shard);
      place.settledMs = Math.max(place.settledMs, this.#timeline.nowMs + this.#lagMs() * TAKEN_OVER_LATE);
      this.#timeline.after(place.settledMs - this.#timeline.nowMs, () => {
        place.pending -= 1;
        if (how === "commit") place.committed = transaction.offset;
      });
    });
  }

  #openTransaction({ shard, ordinal }: Producer, id: Coordinated): Transaction {
    if (id.state === "prepare-commit" || id.state === "prepare-abort") {
      throw new BrokerFault("retriable", "CONCURRENT_TRANSACTIONS");
    }
    if (id.state === "ongoing" && id.transaction.ordinal === ordinal) return id.transaction;
    if (id.transaction.ordinal >= ordinal) throw new BrokerFault("invalid", "INVALID_TXN_STATE");
    const transaction: Transaction = { ...NO_TRANSACTION, ordinal, records: [], sequences: new Set() };
    id.transaction = transaction;
    id.state = "ongoing";
    this.#timeline.after(TRANSACTION_TIMEOUT_MS, () => {
      if (id.transaction !== transaction || id.state !== "ongoing") return;
      id.epoch += 1;
      this.#story.tell("kafka", () => `finds the transaction of shard ${shard} open for too long`);
      this.#witness.openTransactionAborted(shard, "timed-out");
      this.#end(shard, id, "abort");
    });
    return transaction;
  }

  /** A request is refused as a whole when one event of it is. */
  #refuse(records: readonly OutboxEvent[]): void {
    const gone = records.find((record) => !this.#isTopicThere(record.topic));
    if (gone !== undefined) {
      throw new BrokerFault("refused", "UNKNOWN_TOPIC_OR_PARTITION", { kind: "topic", topic: gone.topic });
    }
    if (!records.some((record) => this.refuses(record, "broker"))) return;
    for (const { eventId } of records) this.refusals.set(eventId, (this.refusals.get(eventId) ?? 0) + 1);
    throw new BrokerFault("refused", "Broker: Message size too large", {
      kind: "events",
      seqs: records.map((record) => record.seq),
    });
  }

  /** Whether this event is still refused, by the broker or by the client before it is sent. */
  refuses(record: OutboxEvent, by: "client" | "broker"): boolean {
    return this.#isRefused(record, by, this.refusals.get(record.eventId) ?? 0);
  }

  #current({ shard, epoch }: Producer, request: string): Coordinated {
    this.#mustBeHere();
    const id = this.#id(shard);
    if (id.epoch !== epoch) {
      this.#story.tell("kafka", () => `refuses ${request} of shard ${shard} from a fenced producer`);
      this.#witness.fencedInKafka(shard, request);
      throw new BrokerFault("fenced", "INVALID_PRODUCER_EPOCH");
    }
    return id;
  }

  #mustBeHere(): void {
    if (this.#timeline.nowMs < this.#movingUntilMs) throw new BrokerFault("retriable", "NOT_COORDINATOR");
  }

  #id(shard: number): Coordinated {
    let id = this.#ids.get(shard);
    if (id === undefined) {
      id = { epoch: 0, state: "empty", transaction: NO_TRANSACTION };
      this.#ids.set(shard, id);
    }
    return id;
  }

  #place(shard: number): Place {
    let place = this.#places.get(shard);
    if (place === undefined) {
      place = { committed: null, pending: 0, settledMs: 0 };
      this.#places.set(shard, place);
    }
    return place;
  }
}

function describe(transaction: Transaction): string {
  const number = transaction.offset === null ? "no number" : `number ${transaction.offset}`;
  const events = transaction.records.map((record) => record.eventId).join(" ");
  return events === "" ? number : `${number}, ${events}`;
}
