import { Checksum } from "./checksum.js";
import { grown, IdTable } from "./id-table.js";
import type { TopicTally } from "./tally.js";

/** A published row of the log. */
export interface PublishedRow {
  readonly eventId: string;
  readonly shard: number;
  readonly seq: number;
  readonly topic: string;
  /** Whether it has to be in Kafka's scanned span; else only how often it is there is looked at. */
  readonly isRequired: boolean;
  /** Whether it belongs to what the batches' record counts. */
  readonly isRecorded: boolean;
}

/** A committed record in Kafka that carries an event id. */
export interface KafkaRecord {
  readonly eventId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Whether this deployment's producers wrote it, by what the record says of itself. */
  readonly isOwn: boolean;
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What is wrong with one event. */
export type Fault =
  /** Published, and not in Kafka. */
  | "missing"
  /** In Kafka more often than it was published. */
  | "doubled"
  /** In Kafka, in another topic than its own. */
  | "misplaced"
  /** In Kafka, and pending or dead in Postgres. */
  | "unpublished"
  /** In Kafka under this deployment's name, and Postgres never committed it, or lost it. */
  | "foreign";

export interface FaultyEvent {
  readonly fault: Fault;
  readonly eventId: string;
  /** Null where Postgres has no row. */
  readonly shard: number | null;
  readonly seq: number | null;
  /** The row's topic; of a foreign event the record's. */
  readonly topic: string;
  /** Where its records lie; of many the first ones. */
  readonly places: readonly Place[];
}

export interface PartitionTally extends TopicTally {
  readonly shard: number;
  readonly partition: number;
}

/** What Postgres says of a record's event that no published row explained. */
export interface KnownEvent {
  readonly eventId: string;
  readonly shard: number;
  readonly seq: number;
  readonly status: "published" | "pending" | "dead";
}

const IS_REQUIRED = 1;
const IS_RECORDED = 2;
const IS_OWN = 4;
const IS_MISPLACED = 8;
const IS_UNPUBLISHED = 16;
const IS_KNOWN = 32;

/** Of an event that is there very often no more than these are named. */
const PLACES_MAX = 10;
const COUNT_MAX = 0xffff;

/**
 * Counts how often each event was published by Postgres' word and how often it is in Kafka. Takes the rows first, then
 * the records; about 65 bytes an event.
 */
export class Census {
  readonly #ids = new IdTable();
  readonly #topics: string[] = [];
  readonly #topicNumbers = new Map<string, number>();
  #seq = new Float64Array(1024);
  #offset = new Float64Array(1024);
  #partition = new Int32Array(1024);
  #topic = new Int32Array(1024);
  #shard = new Int32Array(1024);
  #rows = new Uint16Array(1024);
  #seen = new Uint16Array(1024);
  #flags = new Uint8Array(1024);
  /** Of events with more than one record, where the others lie. */
  readonly #further = new Map<number, Place[]>();
  readonly #inLog = new Map<string, { shard: number; topic: string; sum: Checksum }>();
  readonly #inKafka = new Map<string, { shard: number; topic: string; partition: number; sum: Checksum }>();

  get size(): number {
    return this.#ids.size;
  }

  /** An application may use one event id for several events: each row is expected once. */
  expect(row: PublishedRow): void {
    const index = this.#ids.add(row.eventId);
    this.#makeRoom();
    if (this.#rows[index] === 0) {
      this.#seq[index] = row.seq;
      this.#shard[index] = row.shard;
      this.#topic[index] = this.#topicNumber(row.topic);
    }
    this.#rows[index] = Math.min(COUNT_MAX, this.#rows[index]! + 1);
    this.#flags[index]! |= IS_KNOWN | (row.isRequired ? IS_REQUIRED : 0) | (row.isRecorded ? IS_RECORDED : 0);
    if (!row.isRecorded) return;
    const key = `${row.shard}/${row.topic}`;
    let entry = this.#inLog.get(key);
    if (entry === undefined) {
      entry = { shard: row.shard, topic: row.topic, sum: new Checksum() };
      this.#inLog.set(key, entry);
    }
    entry.sum.add(row.eventId);
  }

  /** After the scan: a row that was published only then. It explains a record, and asks for none. */
  explain(row: Pick<PublishedRow, "eventId" | "shard" | "seq" | "topic">): void {
    const index = this.#ids.find(row.eventId);
    if (index < 0) return;
    this.#settle(index, row.shard, row.seq, false);
  }

  see(record: KafkaRecord): void {
    const { eventId, topic, partition, offset, isOwn } = record;
    const index = this.#ids.add(eventId);
    this.#makeRoom();
    const isFirst = this.#seen[index] === 0;
    this.#seen[index] = Math.min(COUNT_MAX, this.#seen[index]! + 1);
    if (isOwn) this.#flags[index]! |= IS_OWN;
    const isKnown = this.#rows[index]! > 0;
    if (!isKnown && isFirst) {
      this.#topic[index] = this.#topicNumber(topic);
      this.#shard[index] = -1;
    }
    // Of several rows with one id only the first one's topic is kept.
    const isMisplaced = this.#rows[index]! <= 1 && this.#topics[this.#topic[index]!] !== topic;
    if (isMisplaced && isKnown) this.#flags[index]! |= IS_MISPLACED;
    if (!isFirst || isMisplaced) {
      const further = this.#further.get(index) ?? [];
      if (further.length < PLACES_MAX) further.push({ topic, partition, offset });
      this.#further.set(index, further);
    }
    if (isFirst) {
      this.#partition[index] = isMisplaced ? -1 : partition;
      this.#offset[index] = offset;
    }
    const isWanted = (this.#flags[index]! & IS_RECORDED) !== 0 && this.#seen[index]! <= this.#rows[index]!;
    if (!isWanted || isMisplaced) return;
    const shard = this.#shard[index]!;
    const key = `${shard}/${partition}/${topic}`;
    let entry = this.#inKafka.get(key);
    if (entry === undefined) {
      entry = { shard, topic, partition, sum: new Checksum() };
      this.#inKafka.set(key, entry);
    }
    entry.sum.add(eventId);
  }

  /** Ids that Kafka holds and no row explains; call after every record was seen. */
  *unexplained(): Generator<string> {
    for (let index = 0; index < this.size; index++) {
      if ((this.#flags[index]! & IS_KNOWN) === 0) yield this.#ids.idAt(index);
    }
  }

  /** What Postgres says of an unexplained event that it has a row of. */
  settle({ eventId, shard, seq, status }: KnownEvent): void {
    const index = this.#ids.find(eventId);
    if (index >= 0) this.#settle(index, shard, seq, status !== "published");
  }

  /** By shard and topic, of the rows that the record counts. */
  logTallies(): (TopicTally & { readonly shard: number })[] {
    return [...this.#inLog.values()].map(({ shard, topic, sum }) => {
      return { shard, topic, events: sum.events, checksum: sum.value };
    });
  }

  /** By shard, topic and partition, of the same events as far as Kafka holds them; each counts once. */
  kafkaTallies(): PartitionTally[] {
    return [...this.#inKafka.values()].map(({ shard, topic, partition, sum }) => {
      return { shard, topic, partition, events: sum.events, checksum: sum.value };
    });
  }

  *faults(): Generator<FaultyEvent> {
    for (let index = 0; index < this.size; index++) {
      const fault = this.#faultOf(index);
      if (fault === null) continue;
      const isRow = (this.#flags[index]! & IS_KNOWN) !== 0;
      yield {
        fault,
        eventId: this.#ids.idAt(index),
        shard: isRow ? this.#shard[index]! : null,
        seq: isRow ? this.#seq[index]! : null,
        topic: this.#topics[this.#topic[index]!]!,
        places: this.#placesOf(index),
      };
    }
  }

  /** Records that carry event ids of neither this log nor this deployment: other producers write to these topics too. */
  get others(): number {
    let others = 0;
    for (let index = 0; index < this.size; index++) {
      if ((this.#flags[index]! & (IS_KNOWN | IS_OWN)) === 0) others += this.#seen[index]!;
    }
    return others;
  }

  #settle(index: number, shard: number, seq: number, isUnpublished: boolean): void {
    this.#flags[index]! |= IS_KNOWN | (isUnpublished ? IS_UNPUBLISHED : 0);
    this.#shard[index] = shard;
    this.#seq[index] = seq;
    this.#rows[index] = Math.min(COUNT_MAX, this.#rows[index]! + 1);
  }

  #faultOf(index: number): Fault | null {
    const flags = this.#flags[index]!;
    const seen = this.#seen[index]!;
    const rows = this.#rows[index]!;
    if ((flags & IS_KNOWN) === 0) return (flags & IS_OWN) === 0 ? null : "foreign";
    if (seen === 0) return (flags & IS_REQUIRED) === 0 ? null : "missing";
    if ((flags & IS_UNPUBLISHED) !== 0) return "unpublished";
    if (seen > rows) return "doubled";
    if ((flags & IS_MISPLACED) !== 0) return "misplaced";
    // Of several rows with one id, one has no record.
    return seen < rows && (flags & IS_REQUIRED) !== 0 ? "missing" : null;
  }

  #placesOf(index: number): Place[] {
    const further = this.#further.get(index) ?? [];
    if (this.#seen[index] === 0 || this.#partition[index]! < 0) return further;
    const topic = this.#topics[this.#topic[index]!]!;
    return [{ topic, partition: this.#partition[index]!, offset: this.#offset[index]! }, ...further];
  }

  #topicNumber(topic: string): number {
    let number = this.#topicNumbers.get(topic);
    if (number === undefined) {
      number = this.#topics.push(topic) - 1;
      this.#topicNumbers.set(topic, number);
    }
    return number;
  }

  #makeRoom(): void {
    if (this.#ids.size <= this.#flags.length) return;
    this.#seq = grown(this.#seq);
    this.#offset = grown(this.#offset);
    this.#partition = grown(this.#partition);
    this.#topic = grown(this.#topic);
    this.#shard = grown(this.#shard);
    this.#rows = grown(this.#rows);
    this.#seen = grown(this.#seen);
    this.#flags = grown(this.#flags);
  }
}
