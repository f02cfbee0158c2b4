import type { Cursor, PlainCursor } from "@siding/core/cursor/cursor.js";
import type { PageLimits, Skim } from "@siding/core/cursor/page.js";
import { SidingError } from "@siding/core/errors.js";
import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { JobPage, OpenJob } from "@siding/core/job/job.js";
import type { LanePage } from "@siding/core/lane/lane-page.js";
import type {
  Advance,
  Beat,
  DeploymentRecord,
  DueShards,
  Identity,
  JobLimits,
  LaneRequest,
  Lease,
  LinesRecord,
  Patience,
  PlanRecord,
  RelayIdentity,
  ShardRecord,
  Store,
  TimedPage,
  WaitingLine,
} from "@siding/core/ports/store.js";
import type { Failure } from "@siding/core/retry/failure.js";
import type { RelayProcess } from "../world/relay-process.js";
import { type Reply, remoteCall } from "../world/remote-call.js";
import type { World } from "../world/world.js";

/** Every reading and every writing statement of the store; each gives a schedule steps to interfere at. */
export const READS = [
  "deployment",
  "read-page",
  "read-lane-pages",
  "read-lines",
  "now",
  "due",
  "read-failures",
  "read-jobs",
  "read-job-page",
] as const;
export const WRITES = [
  "pin",
  "beat",
  "claim",
  "release",
  "farewell",
  "prepare",
  "promote",
  "discard",
  "advance",
  "record-failures",
  "mark-progress",
  "report-halt",
] as const;
type Read = (typeof READS)[number];
type Write = (typeof WRITES)[number];

/** Scaled down with the leases of a schedule: long enough for any answer that comes, short enough to be met. */
const STATEMENT_TIMEOUT_MS = 250;

/** The store port of one process, over connections that can break at any step. */
export class SimulatedStore implements Store {
  readonly #world: World;
  readonly #process: RelayProcess;

  constructor(world: World, process: RelayProcess) {
    this.#world = world;
    this.#process = process;
  }

  deployment(): Promise<DeploymentRecord> {
    return this.#read("deployment", () => this.#world.postgres.deployment());
  }

  pin(identity: Identity): Promise<Identity> {
    return this.#write("pin", null, () => this.#world.postgres.pin(identity));
  }

  beat(relay: RelayIdentity, leaseMs: number): Promise<Beat> {
    return this.#write("beat", null, () => this.#world.postgres.beat(relay, leaseMs));
  }

  async claim(shard: number, relayId: string, leaseMs: number): Promise<ShardRecord | null> {
    const row = await this.#write("claim", shard, () => this.#world.postgres.claim(shard, relayId, leaseMs));
    if (row === null) return null;
    const failures = await this.#read("read-failures", () =>
      this.#world.postgres.failures.open(shard, this.#world.timeline.nowMs),
    );
    return { ...row, failures };
  }

  async release(lease: Lease): Promise<void> {
    await this.#write("release", lease.shard, () => this.#world.postgres.release(lease));
  }

  async farewell(relayId: string): Promise<void> {
    await this.#write("farewell", null, () => this.#world.postgres.farewell(relayId));
  }

  async readPage(shard: number, cursor: Cursor, limits: PageLimits, skim?: Skim): Promise<TimedPage> {
    const page = await this.#read("read-page", () => {
      const { log } = this.#world.postgres;
      return { ...log.readPage(shard, cursor, limits, skim), nowNs: this.#world.postgres.nowNs() };
    });
    this.#world.witness.pageRead(this.#process, shard, cursor, page, limits);
    return page;
  }

  async readLanePages(
    shard: number,
    main: PlainCursor,
    requests: readonly LaneRequest[],
  ): Promise<readonly LanePage<OutboxEvent>[]> {
    const pages = await this.#read("read-lane-pages", () =>
      requests.map(({ lane, limits }) => this.#world.postgres.log.readLanePage(shard, lane, main, limits)),
    );
    for (const [index, page] of pages.entries()) {
      this.#world.witness.lanePageRead(this.#process, requests[index]!.lane, page);
    }
    return pages;
  }

  readLines(shard: number): Promise<LinesRecord> {
    return this.#read("read-lines", () => this.#world.postgres.linesOf(shard));
  }

  now(): Promise<bigint> {
    return this.#read("now", () => this.#world.postgres.nowNs());
  }

  readJobs(shard: number): Promise<readonly OpenJob[]> {
    const { postgres } = this.#world;
    return this.#read("read-jobs", () => postgres.jobs.open(shard, postgres.shards[shard]!.promotedBatch));
  }

  readJobPage(shard: number, job: OpenJob, limits: JobLimits): Promise<JobPage> {
    const { jobs, log, failures } = this.#world.postgres;
    return this.#read("read-job-page", () => jobs.page(shard, job, limits, { rows: log.committed(shard), failures }));
  }

  /** Look by look, each with what may become of any statement; the real one is cut as a whole. */
  async due(lines: readonly WaitingLine[], { everyMs, forMs }: Patience): Promise<DueShards> {
    // The statement gets the cursors as they stand when it is sent, not as the watch moves them on.
    let sent = lines.map(({ shard, cursor, isForJobs }) => ({ shard, cursor, isForJobs }));
    for (let leftMs = forMs; ; leftMs -= everyMs) {
      const found = await this.#read("due", () => {
        const { log, jobs } = this.#world.postgres;
        const shards = sent.filter(({ shard, cursor }) => log.isDue(shard, cursor)).map(({ shard }) => shard);
        const withJobs = sent.filter(({ shard }) => jobs.isOpenIn(shard)).map(({ shard }) => shard);
        return { shards, withJobs, snapshot: log.snapshot() };
      });
      const { shards, withJobs, snapshot } = found;
      const isForJob = sent.some(({ shard, isForJobs }) => isForJobs && withJobs.includes(shard));
      if (shards.length > 0 || isForJob || leftMs <= 0) return found;
      sent = sent.map((line) => ({ ...line, cursor: { ...line.cursor, snapshot, nextXid: null } }));
      await this.#process.clock.sleep(everyMs);
    }
  }

  prepare(lease: Lease, plan: PlanRecord): Promise<{ nextXid: bigint } | null> {
    return this.#write("prepare", lease.shard, (xid) => this.#world.postgres.prepare(xid, lease, plan));
  }

  promote(lease: Lease, batch: bigint): Promise<boolean> {
    return this.#write("promote", lease.shard, () => this.#world.postgres.promote(lease, batch));
  }

  discard(lease: Lease, batch: bigint): Promise<boolean> {
    return this.#write("discard", lease.shard, () => this.#world.postgres.discard(lease, batch));
  }

  advance(lease: Lease, moved: Advance): Promise<{ nextXid: bigint } | null> {
    return this.#write("advance", lease.shard, (xid) => this.#world.postgres.advance(xid, lease, moved));
  }

  recordFailures(lease: Lease, failures: readonly Failure[]): Promise<boolean> {
    return this.#write("record-failures", lease.shard, () => this.#world.postgres.recordFailures(lease, failures));
  }

  markProgress(lease: Lease): Promise<boolean> {
    return this.#write("mark-progress", lease.shard, () => this.#world.postgres.markProgress(lease));
  }

  reportHalt(lease: Lease, reason: string): Promise<boolean> {
    return this.#write("report-halt", lease.shard, () => this.#world.postgres.reportHalt(lease, reason));
  }

  #read<T>(name: Read, statement: () => T): Promise<T> {
    return this.#call(name, (reply) => reply.done(statement()));
  }

  /**
   * A statement that draws an xid, waits for the shard's row, and is in progress for others until it commits. NAME:commit
   * is the step before the commit takes effect.
   */
  #write<T>(name: Write, shard: number | null, statement: (xid: bigint) => T): Promise<T> {
    const { postgres, timeline, faults, life } = this.#world;
    return this.#call<T>(name, (reply) => {
      const xid = postgres.log.begin();
      const commit = (): void => {
        if (!postgres.log.isRunning(xid)) {
          reply.fail(unreachable("the server restarted"));
          return;
        }
        const result = statement(xid);
        postgres.log.commit(xid);
        postgres.locks.releaseAll(xid);
        if (!this.#process.isAlive)
          this.#world.story.tell("postgres", () => `commits ${name} of a dead ${this.#process.name}`);
        reply.done(result);
      };
      const granted = (): void => {
        timeline.after(life.next() * 0.4, () => {
          const met = faults.reach(`${name}:commit`, this.#process);
          if (met.isLost) {
            // The backend was killed before its commit.
            if (postgres.log.isRunning(xid)) postgres.log.rollback(xid);
            postgres.locks.releaseAll(xid);
            return reply.fail(unreachable("the backend was terminated"));
          }
          if (met.delayMs === 0) commit();
          else timeline.after(met.delayMs, commit);
        });
      };
      if (shard === null) granted();
      else postgres.locks.acquire(`shard ${shard}`, xid, granted);
    });
  }

  #call<T>(name: string, serve: (reply: Reply<T>) => void): Promise<T> {
    return remoteCall<T>(this.#world, this.#process, {
      name,
      timeoutMs: STATEMENT_TIMEOUT_MS,
      lost: (how) => unreachable(how),
      serve: (reply) => {
        if (this.#world.isPostgresUp) serve(reply);
        else reply.fail(unreachable("the server is starting up"));
      },
    });
  }
}

function unreachable(how: string): SidingError {
  return new SidingError("SIDING_STORE_UNREACHABLE", `Postgres: ${how}`);
}
