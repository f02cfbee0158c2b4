import { type Cursor, withNextXid } from "@siding/core/cursor/cursor.js";
import type { JobRow } from "@siding/core/job/job.js";
import { Lanes } from "@siding/core/lane/lanes.js";
import type {
  Advance,
  Beat,
  DeploymentRecord,
  Identity,
  Lease,
  LinesRecord,
  PlanRecord,
  RelayIdentity,
  ShardRecord,
} from "@siding/core/ports/store.js";
import type { Failure } from "@siding/core/retry/failure.js";
import type { TopicTally } from "@siding/core/verify/tally.js";
import { SimulatedLog } from "@siding/testkit/simulated-log.js";
import type { JobPlan } from "../schedule/schedule.js";
import { FailureTable } from "./failure-table.js";
import { actOf, JobTable, type ShardState } from "./job-table.js";
import { LineTable } from "./line-table.js";
import { RowLocks } from "./row-locks.js";

/** One row of siding.shard. */
interface ShardRow {
  owner: string | null;
  epoch: bigint;
  leaseUntilMs: number;
  lastBatch: bigint;
  promotedBatch: bigint;
  cursor: Cursor;
  planned: {
    readonly batch: bigint;
    readonly cursor: Cursor;
    readonly epoch: bigint;
    readonly published: readonly TopicTally[];
  } | null;
  /** What was recorded as published, batch by batch. */
  readonly recorded: TopicTally[];
  readonly lines: LineTable;
  promotedNs: bigint;
  progressAtMs: number | null;
  haltedReason: string | null;
}

/** What became of plans and leases, told to whoever checks and counts. */
export interface PostgresWitness {
  claimed(shard: number, epoch: bigint, from: string | null, by: string): void;
  /** A statement with this epoch has changed the shard. */
  wrote(lease: Lease, statement: string): void;
  fenced(lease: Lease, statement: string): void;
  planned(lease: Lease, batch: bigint, promoted: bigint | null): void;
  promoted(lease: Lease, batch: bigint, plannedUnder: bigint): void;
  discarded(lease: Lease, batch: bigint, plannedUnder: bigint, deadTakenBack: number): void;
}

/**
 * Siding's tables, and what each file of store-postgres/src/sql does to them. Every method is one statement at the
 * moment of its commit; xid is its transaction's, drawn before.
 */
export class SimulatedPostgres {
  readonly log = new SimulatedLog();
  readonly locks = new RowLocks();
  readonly failures = new FailureTable();
  readonly jobs = new JobTable();
  readonly shards: ShardRow[];
  readonly #relays = new Map<string, number>();
  readonly #nowMs: () => number;
  readonly #witness: PostgresWitness;
  #pinned: Identity | null = null;

  constructor(shards: number, nowMs: () => number, witness: PostgresWitness) {
    this.#nowMs = nowMs;
    this.#witness = witness;
    const snapshot = this.log.snapshot();
    const nextXid = this.log.assignXid();
    this.shards = Array.from({ length: shards }, () => ({
      owner: null,
      epoch: 0n,
      leaseUntilMs: 0,
      lastBatch: 0n,
      promotedBatch: 0n,
      cursor: { form: "plain", position: 0n, snapshot, nextXid },
      planned: null,
      recorded: [],
      lines: new LineTable(),
      promotedNs: 0n,
      progressAtMs: null,
      haltedReason: null,
    }));
  }

  /** An immediate stop: whatever had not committed is gone, and so are its locks. Commits and sequences stay. */
  restart(): void {
    for (const xid of this.log.runningXids()) this.log.rollback(xid);
    this.locks.clear();
  }

  deployment(): DeploymentRecord {
    return { shards: this.shards.length, pinned: this.#pinned, systemIdentifier: "system", timeline: 1 };
  }

  pin(identity: Identity): Identity {
    this.#pinned ??= identity;
    return this.#pinned;
  }

  beat(relay: RelayIdentity, leaseMs: number): Beat {
    const now = this.#nowMs();
    const others = [...this.#relays].filter(([id, aliveUntil]) => id !== relay.relayId && aliveUntil >= now);
    this.#relays.set(relay.relayId, now + leaseMs);
    // One statement sees one snapshot: what it renews still stands as claimable where it did before.
    const claimable: number[] = [];
    const held: Lease[] = [];
    this.shards.forEach((row, shard) => {
      if (row.haltedReason === null && (row.owner === null || row.leaseUntilMs < now)) claimable.push(shard);
      if (row.owner !== relay.relayId || row.leaseUntilMs < now) return;
      row.leaseUntilMs = now + leaseMs;
      held.push({ shard, epoch: row.epoch });
    });
    const halted = new Map(
      this.shards.flatMap((row, shard) => (row.haltedReason === null ? [] : [[shard, row.haltedReason] as const])),
    );
    const ends = this.shards
      .filter((row) => row.owner !== null && row.owner !== relay.relayId && row.haltedReason === null)
      .map((row) => row.leaseUntilMs - now)
      .filter((ms) => ms >= 0);
    const nextExpiryMs = ends.length === 0 ? null : Math.ceil(Math.min(...ends));
    return { liveRelays: 1 + others.length, held, claimable, nextExpiryMs, halted };
  }

  claim(shard: number, relayId: string, leaseMs: number): Omit<ShardRecord, "failures"> | null {
    const row = this.shards[shard]!;
    const now = this.#nowMs();
    if (row.haltedReason !== null) return null;
    if (row.owner !== null && row.owner !== relayId && row.leaseUntilMs >= now) return null;
    this.#witness.claimed(shard, row.epoch + 1n, row.owner, relayId);
    row.owner = relayId;
    row.epoch += 1n;
    row.leaseUntilMs = now + leaseMs;
    return {
      lease: { shard, epoch: row.epoch },
      lastBatch: row.lastBatch,
      promotedBatch: row.promotedBatch,
      plan: row.planned === null ? null : { batch: row.planned.batch, cursor: row.planned.cursor },
      cursor: row.cursor,
      progressAgeMs: row.progressAtMs === null ? null : now - row.progressAtMs,
      haltedReason: row.haltedReason,
      alreadyPublished: [],
    };
  }

  release(lease: Lease): boolean {
    const row = this.#mine(lease, "release");
    if (row === null) return false;
    row.owner = null;
    return true;
  }

  farewell(relayId: string): void {
    for (const row of this.shards) if (row.owner === relayId) row.owner = null;
    this.#relays.delete(relayId);
  }

  prepare(xid: bigint, lease: Lease, plan: PlanRecord): { nextXid: bigint } | null {
    const row = this.#mine(lease, "prepare");
    if (row === null || row.lastBatch >= plan.batch) return null;
    const promoted = row.planned;
    if (promoted !== null) this.#promotePlan(lease.shard, row);
    row.lastBatch = plan.batch;
    const { batch, published } = plan;
    if (plan.lines !== null) row.lines.lay(batch, plan.lines, xid);
    if (plan.job !== null) this.jobs.lay(lease.shard, batch, plan.job);
    row.planned = { batch, cursor: withNextXid(plan.cursor, xid), epoch: lease.epoch, published };
    this.failures.layDead(lease.shard, plan.dead, plan.batch, this.#nowMs());
    this.#witness.planned(lease, plan.batch, promoted?.batch ?? null);
    return { nextXid: xid };
  }

  advance(xid: bigint, lease: Lease, { cursor, dead, published, lines, job }: Advance): { nextXid: bigint } | null {
    const row = this.#mine(lease, "advance");
    if (row === null) return null;
    row.cursor = withNextXid(cursor, xid);
    row.recorded.push(...published);
    if (row.planned !== null) {
      row.lines.discard(row.planned.batch);
      this.jobs.discard(lease.shard, row.planned.batch);
    }
    row.planned = null;
    row.promotedNs = this.nowNs();
    if (lines !== null) {
      row.lines.lay(row.promotedBatch, lines, xid);
      row.lines.promote(row.promotedBatch);
    }
    this.failures.layDead(lease.shard, dead, row.promotedBatch, this.#nowMs());
    if (job !== null) {
      this.jobs.lay(lease.shard, row.promotedBatch, job);
      this.jobs.promote(lease.shard, row.promotedBatch, this.failures, { batch: null, atMs: this.#nowMs() });
    }
    return { nextXid: xid };
  }

  promote(lease: Lease, batch: bigint): boolean {
    const row = this.#mine(lease, "promote");
    if (row?.planned?.batch !== batch) return false;
    const under = row.planned.epoch;
    this.#promotePlan(lease.shard, row);
    this.#witness.promoted(lease, batch, under);
    return true;
  }

  discard(lease: Lease, batch: bigint): boolean {
    const row = this.#mine(lease, "discard");
    if (row?.planned?.batch !== batch) return false;
    const under = row.planned.epoch;
    row.planned = null;
    row.lines.discard(batch);
    this.jobs.discard(lease.shard, batch);
    const deadTakenBack = this.failures.revive(lease.shard, batch);
    this.#witness.discarded(lease, batch, under, deadTakenBack);
    return true;
  }

  recordFailures(lease: Lease, failures: readonly Failure[]): boolean {
    if (this.#mine(lease, "record-failures") === null) return false;
    this.failures.record(lease.shard, failures, this.#nowMs());
    return true;
  }

  markProgress(lease: Lease): boolean {
    const row = this.#mine(lease, "mark-progress");
    if (row === null) return false;
    row.progressAtMs = this.#nowMs();
    return true;
  }

  reportHalt(lease: Lease, reason: string): boolean {
    const row = this.#mine(lease, "report-halt");
    if (row === null) return false;
    row.haltedReason = reason;
    row.owner = null;
    return true;
  }

  /** What an operator's statement lays down; answers what the job asks for. */
  makeJob(jobId: string, plan: JobPlan): readonly JobRow[] {
    const states = new Map<number, ShardState>();
    const asked: JobRow[] = [];
    this.shards.forEach(({ cursor, promotedBatch }, shard) => {
      const state = { cursor, promotedBatch, lanes: new Lanes(this.linesOf(shard).lanes), madeMs: this.#nowMs() };
      const rows = this.log.committed(shard).flatMap((event) => {
        const act = actOf(event, plan, state, this.failures.verdicts(shard, event.seq));
        return act === null ? [] : [{ act, event }];
      });
      if (rows.length > 0) states.set(shard, state);
      asked.push(...rows);
    });
    this.jobs.make(jobId, plan, states);
    return asked;
  }

  /** clock_timestamp(), in whole microseconds as Postgres has them. */
  nowNs(): bigint {
    return BigInt(Math.round(this.#nowMs() * 1_000)) * 1_000n;
  }

  linesOf(shard: number): LinesRecord {
    const { lines, promotedBatch, promotedNs } = this.shards[shard]!;
    return { ...lines.standing(promotedBatch, promotedNs), discarded: this.failures.ruledOn(shard) };
  }

  #promotePlan(shard: number, row: ShardRow): void {
    row.cursor = row.planned!.cursor;
    row.promotedBatch = row.planned!.batch;
    row.promotedNs = this.nowNs();
    row.lines.promote(row.promotedBatch);
    this.jobs.promote(shard, row.promotedBatch, this.failures, { batch: row.promotedBatch, atMs: this.#nowMs() });
    row.recorded.push(...row.planned!.published);
    row.planned = null;
  }

  /** The row, where the epoch still stands: I3. */
  #mine(lease: Lease, statement: string): ShardRow | null {
    const row = this.shards[lease.shard]!;
    if (row.epoch !== lease.epoch) {
      this.#witness.fenced(lease, statement);
      return null;
    }
    this.#witness.wrote(lease, statement);
    return row;
  }
}
