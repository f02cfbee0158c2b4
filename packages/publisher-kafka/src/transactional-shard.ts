import { SidingError } from "@siding/core/errors.js";
import { recordKey } from "@siding/core/event/outbox-event.js";
import type { PublishOutcome, PublishRequest, ShardPublisher } from "@siding/core/ports/publisher.js";
import { brokerError, kindOf } from "./broker-errors.js";
import { BulkTransactions } from "./bulk-transactions.js";
import { PROGRESS_TOPIC, producerId, TRANSACTION_TIMEOUT_MS } from "./client-config.js";
import { HeaderEncoder } from "./encode-headers.js";
import type { ShardParts } from "./shard-parts.js";
import { WayChoice } from "./way-choice.js";
import { type QuickRecord, QuickTransactions } from "./wire/quick-transactions.js";
import { BrokerRefusal } from "./wire/wire-error.js";
import { wireSettings } from "./wire/wire-settings.js";

/** The other way is open meanwhile, and goes on where this takes longer. */
const OPEN_WITHIN_MS = 3_000;

/** Nothing of the batch is or will be visible, and nothing is at fault: it is read anew, and goes the other way. */
const RETURNED: PublishOutcome = { kind: "refused", events: [], topics: new Map() };

/**
 * A shard's transactions (KIP-98): the records of a batch and its number become visible together. There are two ways into
 * them under one transactional id, and one is open at a time. Opening one fences the other, which is safe only where no
 * plan is under way: between a batch and the reading of the next one, whose plan checks the shard's epoch again.
 */
export class TransactionalShard implements ShardPublisher {
  readonly #shard: number;
  readonly #parts: ShardParts;
  readonly #headers: HeaderEncoder;
  readonly #choice: WayChoice;
  readonly #settings: ReturnType<typeof wireSettings>;
  #bulk: BulkTransactions | null;
  #quick: QuickTransactions | null = null;
  /** After an end that is not known, or another's beginning, there is no other transaction (design §4). */
  #end: PublishOutcome | null = null;

  private constructor(shard: number, parts: ShardParts, bulk: BulkTransactions) {
    const { properties, deployment } = parts.options;
    this.#shard = shard;
    this.#parts = parts;
    this.#bulk = bulk;
    this.#headers = new HeaderEncoder(producerId(deployment, shard));
    this.#settings = wireSettings(properties);
    this.#choice = new WayChoice(performance.now(), parts.distrust);
  }

  /** Connects and fences whoever holds the shard's transactional id. @throws SIDING_BROKER_* */
  static async open(shard: number, parts: ShardParts): Promise<TransactionalShard> {
    return new TransactionalShard(shard, parts, await BulkTransactions.open(shard, parts));
  }

  committedBatch(): Promise<bigint | null> {
    return this.#parts.progress.read(this.#shard);
  }

  async commitNumber(batch: bigint): Promise<void> {
    const outcome = await this.publish({ batch, events: [] });
    if (outcome.kind === "committed") return;
    if (outcome.kind === "unknown") throw outcome.error;
    const { brokers } = this.#parts.options;
    if (outcome.kind === "refused") throw brokerError(new Error("it was refused"), "committing a number", brokers);
    throw new SidingError("SIDING_FENCED", `shard ${this.#shard}: another relay opened it in Kafka`);
  }

  async rested(): Promise<void> {
    if (this.#end !== null) return;
    const now = performance.now();
    if (this.#quick !== null) {
      if (this.#quick.isSpent || this.#choice.isBulkDue) await this.#change(() => this.#toBulk());
    } else if (this.#settings !== null && this.#choice.isQuickDue(now)) {
      await this.#change(() => this.#toQuick());
    }
    await this.#bulk?.rested();
    if (this.#quick !== null) await this.#quick.rested();
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    if (this.#end !== null) return this.#end;
    const { events } = request;
    const isSmall = this.#choice.sees(
      events.length,
      events.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (this.#bulk === null && !isSmall) return RETURNED;
    const outcome = await (this.#bulk === null ? this.#publishQuickly(request) : this.#bulk.publish(request));
    if (outcome.kind === "fenced" || outcome.kind === "unknown") this.#end = outcome;
    return outcome;
  }

  async close(): Promise<void> {
    this.#quick?.close();
    await this.#bulk?.close();
  }

  async #publishQuickly({ batch, events, planned }: PublishRequest): Promise<PublishOutcome> {
    const { options, asker } = this.#parts;
    const records: QuickRecord[] = events.map((event) => ({
      topic: event.topic,
      key: recordKey(event),
      value: event.payload as string | Buffer,
      headers: this.#headers.encode(event),
    }));
    const number = { topic: PROGRESS_TOPIC, partition: this.#shard, key: options.deployment, value: String(batch) };
    records.push({ ...number, headers: [] });
    const unknown = (error: unknown): PublishOutcome => {
      return { kind: "unknown", error: brokerError(error, `publishing shard ${this.#shard}`, options.brokers) };
    };
    try {
      const outcome = await asker.waitFor(this.#quick!.publish(records, planned));
      if (outcome.kind === "committed") this.#parts.distrust.worked();
      if (outcome.kind === "aborted") return this.#blame(outcome.error);
      if (outcome.kind !== "unknown") return { kind: outcome.kind };
      this.#choice.quickFailed(performance.now());
      return unknown(outcome.error);
    } catch (error) {
      return unknown(error);
    }
  }

  /** A topic is named by the broker that refuses it. Which event is to blame, or what else, the other way finds out. */
  #blame(error: unknown): PublishOutcome {
    const kind = error instanceof BrokerRefusal ? kindOf(error) : "broker";
    if (error instanceof BrokerRefusal && kind === "topic" && error.topic !== null) {
      this.#parts.topics.markFault(error.topic, error.message);
      return { kind: "refused", events: [], topics: new Map([[error.topic, error.message]]) };
    }
    // A tenant's events do not make the quick way a bad one for all.
    if (kind !== "event") this.#choice.quickFailed(performance.now());
    return RETURNED;
  }

  /** @throws SIDING_BROKER_*, after which the shard has to be opened anew */
  async #change(open: () => Promise<void>): Promise<void> {
    const { reach } = this.#parts.options;
    reach?.("before-open", this.#shard);
    await open();
    reach?.("after-open", this.#shard);
  }

  /** What fails before the transactional id is taken leaves the way that is open as it was. */
  async #toQuick(): Promise<void> {
    let isTaken = false;
    let isGivenUp = false;
    const opening = this.#openQuick(() => {
      isTaken = !isGivenUp;
      return isTaken;
    });
    try {
      this.#quick = await this.#parts.asker.waitFor(withinTime(opening));
    } catch {
      isGivenUp = true;
      void opening.then(
        (late) => late.close(),
        () => {},
      );
      this.#choice.quickFailed(performance.now());
      if (!isTaken) return;
    }
    const fenced = this.#bulk;
    this.#bulk = null;
    try {
      if (this.#quick === null) await this.#toBulk();
    } finally {
      void fenced?.close();
    }
  }

  async #openQuick(mayTake: () => boolean): Promise<QuickTransactions> {
    const { options, clusterId } = this.#parts;
    return await QuickTransactions.open({
      ...{ brokers: options.brokers, settings: this.#settings!, clusterId: await clusterId.read(), mayTake },
      transactionalId: producerId(options.deployment, this.#shard),
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      reach: (point) => options.reach?.(point, this.#shard),
    });
  }

  async #toBulk(): Promise<void> {
    this.#quick?.close();
    this.#quick = null;
    this.#choice.bulkOpens(performance.now());
    this.#bulk = await BulkTransactions.open(this.#shard, this.#parts);
  }
}

function withinTime<T>(opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("not open in time")), OPEN_WITHIN_MS);
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
