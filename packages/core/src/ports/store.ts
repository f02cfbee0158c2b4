import type { Cursor, PlainCursor } from "../cursor/cursor.js";
import type { Page, PageLimits, Skim } from "../cursor/page.js";
import type { Snapshot } from "../cursor/snapshot.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import type { JobPage, JobStep, OpenJob } from "../job/job.js";
import type { Lane, LaneFilter } from "../lane/lane.js";
import type { LanePage } from "../lane/lane-page.js";
import type { QuotaState } from "../quota/quota.js";
import type { Failure } from "../retry/failure.js";
import type { TopicTally } from "../verify/tally.js";

/**
 * The right to publish a shard, for as long as its epoch stands (design §5) and no longer than the run of the server
 * that granted it: a restored backup knows the epoch too.
 */
export interface Lease {
  readonly shard: number;
  readonly epoch: bigint;
}

/** Who a server says it is (design §4, "Identity is pinned"). Null: not pinned yet. */
export interface Identity {
  readonly deployment: string;
  readonly kafkaClusterId: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
}

export interface DeploymentRecord {
  readonly shards: number;
  readonly pinned: Identity | null;
  readonly systemIdentifier: string;
  readonly timeline: number;
}

export interface RelayIdentity {
  readonly relayId: string;
  readonly host: string;
  readonly processId: number;
  readonly version: string;
}

/** What a heartbeat brought back. */
export interface Beat {
  readonly liveRelays: number;
  /** Leases that this relay still holds, renewed. */
  readonly held: readonly Lease[];
  /** Shards that nobody holds, or whose lease ran out. */
  readonly claimable: readonly number[];
  /** When the first of the others' leases runs out unless it is renewed, in ms from now; null where there is none. */
  readonly nextExpiryMs: number | null;
  /** Shards that are halted, whoever found it out, with the reason. */
  readonly halted: ReadonlyMap<number, string>;
}

/** What Postgres knows of a shard at the moment it is claimed. */
export interface ShardRecord {
  readonly lease: Lease;
  readonly cursor: Cursor;
  readonly lastBatch: bigint;
  readonly promotedBatch: bigint;
  readonly plan: { readonly batch: bigint; readonly cursor: Cursor } | null;
  /** Age in ms of the last time Kafka took a number of this shard, with a batch or without; null before genesis. */
  readonly progressAgeMs: number | null;
  readonly haltedReason: string | null;
  readonly failures: readonly Failure[];
  /** Seqs behind the cursor that a recovery found to be in Kafka already. */
  readonly alreadyPublished: readonly bigint[];
}

/** A page of the main line. */
export interface TimedPage extends Page<OutboxEvent> {
  /** Postgres' clock as the page was read, in ns since 1970: the only one that quotas go by (design §5). */
  readonly nowNs: bigint;
}

/** A lane that is to be read, and how much of it. */
export interface LaneRequest {
  readonly lane: Lane;
  readonly limits: PageLimits;
}

/** How much of a job is read: of the rows that it looks at, only some may be asked for. */
export interface JobLimits extends PageLimits {
  readonly look: number;
}

/** A line that waits for something behind its cursor. */
export interface WaitingLine {
  readonly shard: number;
  readonly cursor: Cursor;
  /** Whether an open job ends the wait. */
  readonly isForJobs: boolean;
}

/** How long to look for work, and how often meanwhile, in ms. Each look has a snapshot of its own. */
export interface Patience {
  readonly everyMs: number;
  /** 0: one look. Else cursors are in plain form. */
  readonly forMs: number;
}

/** What an idle relay waits for. */
export interface DueShards {
  readonly shards: readonly number[];
  /** Those of all that were asked for that have an open job. */
  readonly withJobs: readonly number[];
  readonly snapshot: Snapshot;
}

/** What a shard's lanes and quotas are, as the promoted batches left them. */
export interface LinesRecord {
  readonly lanes: readonly Lane[];
  readonly quotas: ReadonlyMap<string, QuotaState>;
  /** Dead letters that were ruled on, and that a lane stands before still: it passes them. */
  readonly discarded: readonly bigint[];
}

/** What a batch changes of them. */
export interface LinesChange {
  /** Lanes that are new or moved, as they will be. */
  readonly changed: readonly Lane[];
  readonly dropped: readonly LaneFilter[];
  readonly quotas: {
    readonly states: ReadonlyMap<string, QuotaState>;
    /** Postgres' clock as they were judged, in ns: what passes from there until the batch is promoted, a takeover adds. */
    readonly judgedNs: bigint;
    /** Whether every tenant that has used anything is among them: what was written before is not needed then. */
    readonly isWhole: boolean;
  } | null;
}

/** What prepare lays down for a batch (design §4, step 1). */
export interface PlanRecord {
  readonly batch: bigint;
  readonly cursor: Cursor;
  readonly dead: readonly Failure[];
  /** What the batch makes published; recorded by the commit that promotes it. */
  readonly published: readonly TopicTally[];
  /** Null: neither a lane nor a quota changes. */
  readonly lines: LinesChange | null;
  /** What it makes of a job; of one at most. */
  readonly job: JobStep | null;
}

/** What at-least-once writes once Kafka has a batch, or several. */
export type Advance = Omit<PlanRecord, "batch">;

/**
 * The durable side of the relay. Every call that takes a lease checks its epoch in the same statement and answers
 * `fenced` (null or false) when it no longer stands; nothing has changed then.
 * A call that rejects may or may not have taken effect: its caller claims the shard anew and settles (design §4).
 * @throws SIDING_STORE_UNREACHABLE and the other SIDING_STORE_ codes, from every method
 */
export interface Store {
  deployment(): Promise<DeploymentRecord>;
  /** Pins the identity where none is pinned, and answers what is pinned. */
  pin(identity: Identity): Promise<Identity>;

  /** Says that the relay is alive for leaseMs more, and renews what it holds. */
  beat(relay: RelayIdentity, leaseMs: number): Promise<Beat>;
  /** Takes a shard that nobody holds and raises its epoch. Null: another relay was first, or it is halted. */
  claim(shard: number, relayId: string, leaseMs: number): Promise<ShardRecord | null>;
  release(lease: Lease): Promise<void>;
  farewell(relayId: string): Promise<void>;

  /**
   * The next page behind the cursor, rows and snapshot from one statement's snapshot.
   * @param skim what a page behind a plain cursor leaves out; in window form nothing is
   */
  readPage(shard: number, cursor: Cursor, limits: PageLimits, skim?: Skim): Promise<TimedPage>;
  /** What each of the lanes reads next towards the main cursor, in the order asked for, all seen by one snapshot. */
  readLanePages(
    shard: number,
    main: PlainCursor,
    requests: readonly LaneRequest[],
  ): Promise<readonly LanePage<OutboxEvent>[]>;
  /** Postgres' clock, in ns since 1970. */
  now(): Promise<bigint>;
  /** Lanes and quotas of a shard whose last plan is settled. */
  readLines(shard: number): Promise<LinesRecord>;
  /** A shard's open jobs, oldest first, as the promoted batches left them. */
  readJobs(shard: number): Promise<readonly OpenJob[]>;
  /** What a job asks for behind its position, within the bound that was fixed when it was made. */
  readJobPage(shard: number, job: OpenJob, limits: JobLimits): Promise<JobPage>;
  /**
   * Which of the shards have something behind their cursor or an open job, as soon as one has what its line waits for, all seen
   * by one snapshot. Where patience ends without: none has.
   */
  due(lines: readonly WaitingLine[], patience: Patience): Promise<DueShards>;

  /** Lays down plan n and promotes the plan before it, in one commit. Answers the xid of that commit. */
  prepare(lease: Lease, plan: PlanRecord): Promise<{ nextXid: bigint } | null>;
  /** Kafka has batch n: its cursor becomes the shard's. */
  promote(lease: Lease, batch: bigint): Promise<boolean>;
  /** Kafka does not have batch n and never will: the plan goes, its number is spent. */
  discard(lease: Lease, batch: bigint): Promise<boolean>;
  /** at-least-once: the cursor moves with no plan, after Kafka has every record. */
  advance(lease: Lease, advance: Advance): Promise<{ nextXid: bigint } | null>;

  recordFailures(lease: Lease, failures: readonly Failure[]): Promise<boolean>;
  /** Kafka has taken the shard's number just now (genesis, or the daily renewal). */
  markProgress(lease: Lease): Promise<boolean>;
  /** Halts the shard: it is given back, and nobody can claim it until an operator has spoken. */
  reportHalt(lease: Lease, reason: string): Promise<boolean>;
}
