import type { Cursor } from "@siding/core/cursor/cursor.js";
import type { Page, PageLimits } from "@siding/core/cursor/page.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { Lane, LaneFilter } from "@siding/core/lane/lane.js";
import type { LanePage } from "@siding/core/lane/lane-page.js";
import type { Lease } from "@siding/core/ports/store.js";
import type { KafkaWitness } from "../kafka/simulated-kafka.js";
import type { PostgresWitness, SimulatedPostgres } from "../postgres/simulated-postgres.js";
import type { Coverage } from "../world/coverage.js";
import type { RelayProcess } from "../world/relay-process.js";
import type { Story } from "../world/story.js";
import type { Arrivals } from "./arrivals.js";
import type { QuotaCheck } from "./quota-check.js";
import type { Replays } from "./replays.js";

/** A promise that a schedule broke. */
export class Violation extends Error {}

/**
 * Sees what the two systems do, in the order in which it takes effect, and checks what can be checked at that moment.
 * It knows nothing of what relays believe.
 */
export class Witness implements PostgresWitness, KafkaWitness {
  readonly #coverage: Coverage;
  readonly #story: Story;
  readonly #arrivals: Arrivals;
  readonly #replays: Replays;
  readonly #quotas: QuotaCheck | null;
  readonly #nowMs: () => number;
  readonly #postgres: () => SimulatedPostgres;
  readonly #epochs = new Map<number, bigint>();
  readonly #plannedNumbers = new Set<string>();
  readonly #publishedNumbers = new Set<string>();
  #violation: Violation | null = null;

  constructor(parts: {
    coverage: Coverage;
    story: Story;
    arrivals: Arrivals;
    replays: Replays;
    /** Null: what arrives twice is counted twice, and this delivery allows it. */
    quotas: QuotaCheck | null;
    nowMs: () => number;
    postgres: () => SimulatedPostgres;
  }) {
    this.#quotas = parts.quotas;
    this.#nowMs = parts.nowMs;
    this.#coverage = parts.coverage;
    this.#story = parts.story;
    this.#arrivals = parts.arrivals;
    this.#replays = parts.replays;
    this.#postgres = parts.postgres;
  }

  get violation(): Violation | null {
    return this.#violation;
  }

  /** The first one counts: what follows may follow from it. */
  violated(what: string): void {
    if (this.#violation !== null) return;
    this.#violation = new Violation(what);
    this.#story.tell("checker", () => `BROKEN: ${what}`);
  }

  claimed(shard: number, epoch: bigint, from: string | null, by: string): void {
    if (from !== null && from !== by) this.#coverage.note("takeover");
    const before = this.#epochs.get(shard) ?? 0n;
    if (epoch <= before) this.violated(`shard ${shard} was claimed under epoch ${epoch}, and before under ${before}`);
    this.#epochs.set(shard, epoch);
    const taken = from === null || from === by ? "" : ` from ${from}`;
    this.#story.tell("postgres", () => `gives shard ${shard}${taken} to ${by}, epoch ${epoch}`);
  }

  wrote(lease: Lease, statement: string): void {
    const current = this.#epochs.get(lease.shard);
    if (lease.epoch !== current) {
      this.violated(`${statement} of epoch ${lease.epoch} changed shard ${lease.shard}, whose epoch is ${current}`);
    }
  }

  fenced(lease: Lease, statement: string): void {
    this.#coverage.note("fenced-in-postgres");
    this.#story.tell("postgres", () => `refuses ${statement} of shard ${lease.shard}: epoch ${lease.epoch} has passed`);
  }

  planned(lease: Lease, batch: bigint, promoted: bigint | null): void {
    const number = `${lease.shard}/${batch}`;
    if (this.#plannedNumbers.has(number)) this.violated(`number ${batch} of shard ${lease.shard} was planned twice`);
    this.#plannedNumbers.add(number);
    if (promoted !== null) this.#coverage.note("promoted-by-prepare");
    const also = promoted === null ? "" : `, and promotes batch ${promoted}`;
    this.#story.tell("postgres", () => `has plan ${batch} of shard ${lease.shard}${also}`);
  }

  promoted(lease: Lease, batch: bigint, plannedUnder: bigint): void {
    this.#coverage.note(plannedUnder === lease.epoch ? "promoted-when-idle" : "promoted-by-recovery");
    this.#story.tell("postgres", () => `promotes batch ${batch} of shard ${lease.shard}`);
  }

  discarded(lease: Lease, batch: bigint, plannedUnder: bigint, deadTakenBack: number): void {
    this.#coverage.note(plannedUnder === lease.epoch ? "discarded-after-refusal" : "discarded-by-recovery");
    if (deadTakenBack > 0) this.#coverage.note("dead-letter-taken-back");
    this.#story.tell("postgres", () => `discards plan ${batch} of shard ${lease.shard}`);
  }

  committed(shard: number, batch: bigint | null, records: readonly OutboxEvent[]): void {
    const row = this.#postgres().shards[shard]!;
    if (batch === null) this.violated(`Kafka commits records of shard ${shard} without a number`);
    if (records.length > 0) {
      // I5: what becomes visible lies open as a plan at this moment, neither laid down later nor given up before.
      if (row.planned?.batch !== batch) {
        const open = row.planned === null ? "no plan is open" : `plan ${row.planned.batch} is open`;
        this.violated(`Kafka commits batch ${batch} of shard ${shard} while ${open} in Postgres`);
      }
      const number = `${shard}/${batch}`;
      if (this.#publishedNumbers.has(number)) this.violated(`number ${batch} of shard ${shard} was published twice`);
      this.#publishedNumbers.add(number);
    } else if (batch === 0n) {
      this.#coverage.note("genesis");
    }
    this.#arrive(shard, records);
  }

  appended(shard: number, records: readonly OutboxEvent[]): void {
    this.#story.tell("kafka", () => `appends ${records.map((record) => record.eventId).join(" ")}`);
    this.#arrive(shard, records);
  }

  fencedInKafka(): void {
    this.#coverage.note("fenced-in-kafka");
  }

  openTransactionAborted(_shard: number, why: "fenced" | "timed-out" | "asked"): void {
    const noted = {
      fenced: "fenced-transaction-aborted",
      "timed-out": "transaction-timed-out",
      asked: "aborted-batch",
    };
    this.#coverage.note(noted[why] as "aborted-batch");
  }

  unstableOffset(): void {
    this.#coverage.note("unstable-offset-waited-for");
  }

  pageRead(process: RelayProcess, shard: number, cursor: Cursor, page: Page<OutboxEvent>, limits: PageLimits): void {
    const count = page.late.length + page.fresh.length;
    if (page.late.length > 0) this.#coverage.note("late-page");
    if (cursor.form === "window") this.#coverage.note("window-page");
    if (page.skimmed !== undefined) this.#coverage.note(page.skimmed.isToEnd ? "page-skimmed-to-end" : "page-skimmed");
    const bytes = [...page.late, ...page.fresh].reduce((sum, row) => sum + row.bytes, 0);
    if (count < limits.events && bytes >= limits.bytes) this.#coverage.note("page-cut-by-bytes");
    if (count === 0) return;
    const names = (rows: readonly OutboxEvent[]): string => rows.map((row) => row.eventId).join(" ");
    this.#story.tell(process.name, () => {
      const late = page.late.length === 0 ? "" : `, late: ${names(page.late)}${page.lateComplete ? "" : " and more"}`;
      const fresh = page.fresh.length === 0 ? "" : `, fresh: ${names(page.fresh)}`;
      return `has read a ${cursor.form} page of shard ${shard}${late}${fresh}`;
    });
  }

  lanePageRead(process: RelayProcess, lane: Lane, page: LanePage<OutboxEvent>): void {
    this.#coverage.note("lane-page");
    if (page.late.length > 0) this.#coverage.note("lane-late-page");
    if (lane.cursor.form === "window") this.#coverage.note("lane-window-page");
    const names = [...page.late, ...page.fresh].map((row) => row.eventId).join(" ");
    this.#story.tell(
      process.name,
      () => `has read of the ${lane.reason} lane ${describeFilter(lane.filter)}: ${names || "nothing"}`,
    );
  }

  #arrive(shard: number, records: readonly OutboxEvent[]): void {
    for (const record of records) {
      const broken = this.#judge(shard, record);
      if (broken !== null) this.violated(broken);
    }
  }

  #judge(shard: number, record: OutboxEvent): string | null {
    if (record.replayJobId !== undefined) {
      this.#coverage.note("job-replayed");
      return this.#replays.arrive(shard, record, this.#arrivals.has(record.eventId));
    }
    // A dead letter that is redriven has let others pass, and goes by the job's cap, not by its tenant's quota.
    if (this.#postgres().failures.deadLetter(shard, record.seq) !== null) {
      this.#coverage.note("job-redriven");
      return this.#arrivals.arriveLate(shard, record);
    }
    return this.#arrivals.arrive(shard, record) ?? this.#quotas?.arrive(record, this.#nowMs()) ?? null;
  }
}

export function describeFilter({ tenantId, topic, key, seq }: LaneFilter): string {
  const parts = [tenantId, topic, key === null ? null : `key ${key}`, seq === null ? null : `seq ${seq}`];
  return parts.filter((part) => part !== null).join(", ");
}
