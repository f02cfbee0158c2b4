import { crc32 } from "node:zlib";
import type { PublishRequest } from "@siding/core/ports/publisher.js";
import { kindOf } from "../broker-errors.js";
import {
  ADD_PARTITIONS,
  type ByPartition,
  type ClusterView,
  END_TRANSACTION,
  FIND_COORDINATOR,
  INIT_PRODUCER_ID,
  METADATA,
  PRODUCE,
  type Producer,
  type TopicView,
} from "./apis.js";
import { ByteWriter } from "./byte-writer.js";
import { type WireRecord, writeRecordBatch } from "./record-batch.js";
import { type BrokerAddress, type ConnectionOptions, WireConnection } from "./wire-connection.js";
import { accept, BrokerRefusal, ConnectionLost } from "./wire-error.js";
import type { WireSettings } from "./wire-settings.js";

export interface QuickRecord extends WireRecord {
  readonly topic: string;
  /** Where it is not for the key to say. */
  readonly partition?: number;
}

export interface QuickOptions {
  readonly brokers: string;
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  readonly settings: WireSettings;
  /** What the brokers must call themselves. */
  readonly clusterId: string;
  /** Asked right before the transactional id is taken. */
  readonly mayTake: () => boolean;
  /** At a step of the transaction; for tests that stop the relay there. */
  readonly reach: (point: "after-begin" | "after-produce" | "after-number" | "before-commit" | "after-commit") => void;
}

/** How a batch ended. */
export type QuickOutcome =
  | { readonly kind: "committed" | "withheld" | "fenced" }
  /** Given up before the commit was asked for: nothing of it will be visible, and whoever opens the id next aborts it. */
  | { readonly kind: "aborted"; readonly error: unknown }
  /** Nobody knows. */
  | { readonly kind: "unknown"; readonly error: unknown };

/** What takes longer than this is given up: the other client has more patience. */
const TIMEOUT_MS = 5_000;
/** Of which the broker has the larger part, so that its own answer comes first. */
const PRODUCE_TIMEOUT_MS = 4_000;
/** A topic may have got more partitions. */
const VIEW_VALID_MS = 60_000;
const RETRY_MS = { first: 1, max: 20 };
const MARKERS_MS = 2.5;
const CONCURRENT_TRANSACTIONS = 51;
const COORDINATOR_LOADING = 14;
const LEADER_NOT_AVAILABLE = 5;

/**
 * Small transactions with as little between relay and broker as there can be (KIP-98): one request names the partitions,
 * one to each leader carries the records, one commits. Markers of the transaction before are waited for by asking again
 * after a millisecond. After the first error it is spent, and nothing is sent a second time that was not refused.
 */
export class QuickTransactions {
  readonly #options: QuickOptions;
  readonly #producer: Producer;
  /** The broker that keeps the transactional id's state. */
  readonly #coordinator: number;
  readonly #connections: Map<number, WireConnection>;
  readonly #sequences = new Map<string, number>();
  readonly #scratch = new ByteWriter();
  #view: ClusterView;
  #topics = new Map<string, TopicView>();
  /** Topics that were published to since they were all looked for. */
  readonly #used = new Set<string>();
  #viewAtMs = performance.now();
  #isClosed = false;
  #committedAtMs = -Infinity;
  #isSpent = false;

  private constructor(
    options: QuickOptions,
    producer: Producer,
    view: ClusterView,
    coordinator: number,
    connections: Map<number, WireConnection>,
  ) {
    this.#options = options;
    this.#producer = producer;
    this.#view = view;
    this.#connections = connections;
    this.#coordinator = coordinator;
  }

  /** Takes the transactional id from whoever has it. @throws BrokerRefusal, ConnectionLost */
  static async open(options: QuickOptions): Promise<QuickTransactions> {
    const { transactionalId, transactionTimeoutMs } = options;
    const connections = new Map<number, WireConnection>();
    const first = await firstConnection(options);
    try {
      const view = await first.ask(METADATA, []);
      if (view.clusterId !== options.clusterId) throw new ConnectionLost(`another cluster: ${view.clusterId}`);
      const node = await untilReady(() => first.ask(FIND_COORDINATOR, transactionalId));
      const coordinator = await WireConnection.open(addressOf(view, node), connectionOptions(options));
      connections.set(node, coordinator);
      if (!options.mayTake()) throw new ConnectionLost("given up");
      const given = await untilReady(() =>
        coordinator.ask(INIT_PRODUCER_ID, { transactionalId, transactionTimeoutMs }),
      );
      return new QuickTransactions(options, { transactionalId, ...given }, view, node, connections);
    } catch (error) {
      for (const connection of connections.values()) connection.close();
      throw error;
    } finally {
      first.close();
    }
  }

  /** Whether an error ended it. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Until the markers of the last transaction are written, as a rule: who comes sooner asks in vain, and events gather meanwhile. */
  async rested(): Promise<void> {
    const leftMs = this.#committedAtMs + MARKERS_MS - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
  }

  /** Never throws. Nothing is committed before `planned` says that it may. */
  async publish(records: readonly QuickRecord[], planned: PublishRequest["planned"]): Promise<QuickOutcome> {
    const { reach } = this.#options;
    let mayBeOpen = false;
    try {
      if (this.#isSpent) throw new ConnectionLost("an earlier transaction was given up");
      const partitions = await this.#spread(records);
      await this.#begin(partitions, () => {
        mayBeOpen = true;
      });
      reach("after-begin");
      await this.#produce(partitions);
      reach("after-produce");
      reach("after-number"); // which goes with the records
    } catch (error) {
      if (isFenced(error)) return this.#spent({ kind: "fenced" });
      const topic = error instanceof BrokerRefusal ? error.topic : null;
      if (topic !== null) this.#topics.delete(topic);
      // A topic that is refused before anything began leaves the next transaction as it was.
      return topic !== null && !mayBeOpen ? { kind: "aborted", error } : this.#spent({ kind: "aborted", error });
    }
    try {
      if ((await planned) === false) {
        await this.#end(false);
        return { kind: "withheld" };
      }
      reach("before-commit");
      await this.#end(true);
      this.#committedAtMs = performance.now();
      reach("after-commit");
      return { kind: "committed" };
    } catch (error) {
      return this.#spent(isFenced(error) ? { kind: "fenced" } : { kind: "unknown", error });
    }
  }

  close(): void {
    this.#isSpent = true;
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
  }

  /** A partition is the key's CRC-32 modulo their number, as librdkafka's consistent_random has it: both clients agree. */
  async #spread(records: readonly QuickRecord[]): Promise<ByPartition<QuickRecord[]>> {
    await this.#look(new Set(records.map(({ topic }) => topic)));
    const byTopic = new Map<string, Map<number, QuickRecord[]>>();
    for (const record of records) {
      const { topic, key } = record;
      const { code, leaders } = this.#topics.get(topic)!;
      accept(`looking for the topic ${topic}`, code, { topic });
      const partition = record.partition ?? crc32(key) % leaders.length;
      if ((leaders[partition] ?? -1) < 0) throw new BrokerRefusal(`producing to ${topic}`, LEADER_NOT_AVAILABLE, {});
      const ofTopic = mapIn(byTopic, topic);
      const list = ofTopic.get(partition);
      if (list === undefined) ofTopic.set(partition, [record]);
      else list.push(record);
    }
    return byTopic;
  }

  /** Looks for the topics that are new, and every so often for all that were used since. */
  async #look(topics: ReadonlySet<string>): Promise<void> {
    const isOld = performance.now() - this.#viewAtMs >= VIEW_VALID_MS;
    const wanted = isOld ? new Set([...this.#used, ...topics]) : topics;
    const missing = [...wanted].filter((topic) => isOld || !this.#topics.has(topic));
    if (isOld) this.#used.clear();
    for (const topic of topics) this.#used.add(topic);
    if (missing.length === 0) return;
    const coordinator = await this.#connectionTo(this.#coordinator);
    this.#view = await coordinator.ask(METADATA, missing);
    if (isOld) {
      this.#topics.clear();
      this.#viewAtMs = performance.now();
    }
    for (const [topic, view] of this.#view.topics) this.#topics.set(topic, view);
  }

  async #produce(partitions: ByPartition<QuickRecord[]>): Promise<void> {
    const timestampMs = Date.now();
    const byLeader = new Map<number, Map<string, Map<number, (writer: ByteWriter) => void>>>();
    for (const [topic, ofTopic] of partitions) {
      for (const [partition, records] of ofTopic) {
        const place = `${topic}/${partition}`;
        const sequence = this.#sequences.get(place) ?? 0;
        // Sequences are INT32 and begin at 0 again (KIP-98).
        this.#sequences.set(place, (sequence + records.length) % 2 ** 31);
        const { producerId, epoch } = this.#producer;
        const origin = { producerId, epoch, sequence, timestampMs };
        const { compression } = this.#options.settings;
        const leader = this.#topics.get(topic)!.leaders[partition]!;
        const batches = mapIn(byLeader, leader);
        mapIn(batches, topic).set(partition, (writer) =>
          writeRecordBatch(writer, records, origin, compression, this.#scratch),
        );
      }
    }
    const { transactionalId } = this.#producer;
    const sent = [...byLeader].map(async ([leader, batches]) => {
      const connection = await this.#connectionTo(leader);
      await connection.ask(PRODUCE, { transactionalId, timeoutMs: PRODUCE_TIMEOUT_MS, batches });
    });
    // All are waited for, so that nothing is on its way any more when the transaction ends.
    const failures = (await Promise.allSettled(sent)).flatMap((each) =>
      each.status === "rejected" ? [each.reason] : [],
    );
    // A fence is told from what else went wrong.
    if (failures.length > 0) throw failures.find(isFenced) ?? failures[0];
  }

  /** Brokers close what is idle for minutes. Another connection is no other producer: who has its id and epoch goes on. */
  async #connectionTo(node: number): Promise<WireConnection> {
    const known = this.#connections.get(node);
    if (known?.isGood) return known;
    known?.close();
    if (this.#isClosed) throw new ConnectionLost("closed");
    const opened = await WireConnection.open(addressOf(this.#view, node), connectionOptions(this.#options));
    if (this.#isClosed) {
      opened.close();
      throw new ConnectionLost("closed");
    }
    this.#connections.set(node, opened);
    return opened;
  }

  /** @param onOpen called once the broker may have begun a transaction */
  async #begin(partitions: ByPartition<unknown>, onOpen: () => void): Promise<void> {
    const producer = this.#producer;
    const coordinator = await this.#connectionTo(this.#coordinator);
    try {
      await untilReady(() => coordinator.ask(ADD_PARTITIONS, { producer, partitions }));
      onOpen();
    } catch (error) {
      if (!(error instanceof BrokerRefusal)) onOpen();
      throw error;
    }
  }

  #spent(outcome: QuickOutcome): QuickOutcome {
    this.#isSpent = true;
    return outcome;
  }

  async #end(isCommit: boolean): Promise<void> {
    const producer = this.#producer;
    const coordinator = await this.#connectionTo(this.#coordinator);
    await untilReady(() => coordinator.ask(END_TRANSACTION, { producer, isCommit }));
  }
}

/** The bootstrap brokers, one after another. */
async function firstConnection(options: QuickOptions): Promise<WireConnection> {
  let failure: unknown = new ConnectionLost("no broker is named");
  for (const broker of options.brokers.split(",")) {
    const [, host = "", port = "9092"] = /^\s*\[?(.*?)\]?(?::(\d+))?\s*$/.exec(broker) ?? [];
    try {
      return await WireConnection.open({ host, port: Number(port) }, connectionOptions(options));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function connectionOptions({ transactionalId, settings }: QuickOptions): ConnectionOptions {
  return { clientId: transactionalId, security: settings.security, timeoutMs: TIMEOUT_MS };
}

function addressOf(view: ClusterView, node: number): BrokerAddress {
  const address = view.brokers.get(node);
  if (address === undefined) throw new ConnectionLost(`no broker has the id ${node}`);
  return address;
}

/** Asks again while the coordinator has yet to end what it was at. What it refused so has not been done. */
async function untilReady<T>(ask: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(RETRY_MS.max, waitMs * 2)) {
    try {
      return await ask();
    } catch (error) {
      const isBusy =
        error instanceof BrokerRefusal &&
        (error.code === CONCURRENT_TRANSACTIONS || error.code === COORDINATOR_LOADING);
      if (!isBusy || performance.now() >= deadlineMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof BrokerRefusal && kindOf(error) === "fenced";
}

function mapIn<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<L, V>();
  maps.set(key, made);
  return made;
}
