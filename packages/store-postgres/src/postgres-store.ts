import type { Cursor, PlainCursor } from "@siding/core/cursor/cursor.js";
import type { PageLimits, Skim } from "@siding/core/cursor/page.js";
import { formatSnapshot, parseSnapshot } from "@siding/core/cursor/snapshot.js";
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
import type { TopicTally } from "@siding/core/verify/tally.js";
import type { Connections } from "./connection.js";
import { cursorParameters, parseCursor } from "./cursor-codec.js";
import { jobPageValues, jobValue, parseJob, parseJobPage } from "./job-codec.js";
import { lanePageValues, parseLanePages } from "./lane-page-rows.js";
import { linesValues, parseLane, parseQuotas } from "./lines-codec.js";
import { PageRows } from "./page-rows.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

const SQL = {
  advance: statement("advance"),
  beat: statement("beat"),
  claim: statement("claim"),
  deployment: statement("deployment"),
  discard: statement("discard"),
  due: statement("due"),
  farewell: statement("farewell"),
  markProgress: statement("mark-progress"),
  now: statement("now"),
  pin: statement("pin"),
  prepare: statement("prepare"),
  promote: statement("promote"),
  readAlreadyPublished: statement("read-already-published"),
  readDiscarded: statement("read-discarded"),
  readFailures: statement("read-failures"),
  readJobPage: statement("read-job-page"),
  readJobs: statement("read-jobs"),
  readLanePages: statement("read-lane-pages"),
  readLanes: statement("read-lanes"),
  readPlainPage: statement("read-plain-page"),
  readSkimmingPage: statement("read-skimming-page"),
  readQuotas: statement("read-quotas"),
  readWindowPage: statement("read-window-page"),
  recordFailures: statement("record-failures"),
  release: statement("release"),
  reportHalt: statement("report-halt"),
};

/** The store on a real Postgres: one statement a method, each a file in sql/. */
export class PostgresStore implements Store {
  readonly #connections: Connections;

  /** @param connections as many as the relay may have shards, and two for heartbeat and polling; closed with the store */
  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async deployment(): Promise<DeploymentRecord> {
    const [row] = await this.#connections.run(SQL.deployment, [SCHEMA_VERSION]);
    if (row === undefined) throw new SidingError("SIDING_SCHEMA_MISSING", "the schema is there but was never laid out");
    if (row[0] === "1") throw new SidingError("SIDING_STORE_STANDBY", "DATABASE_URL leads to a standby");
    const version = Number(row[1]);
    if (version < SCHEMA_VERSION) {
      throw new SidingError(
        "SIDING_SCHEMA_OUTDATED",
        `the schema has version ${version}, this release needs ${SCHEMA_VERSION}`,
      );
    }
    if (version > SCHEMA_VERSION) {
      throw new SidingError(
        "SIDING_SCHEMA_TOO_NEW",
        `the schema's version ${version} is a breaking one, and this release knows ${SCHEMA_VERSION}`,
      );
    }
    const pinned =
      row[3] == null || row[4] == null || row[5] == null || row[6] == null
        ? null
        : { deployment: row[3], kafkaClusterId: row[4], systemIdentifier: row[5], timeline: Number(row[6]) };
    return { shards: Number(row[2]), pinned, systemIdentifier: row[7]!, timeline: Number(row[8]) };
  }

  async pin(identity: Identity): Promise<Identity> {
    const { deployment, kafkaClusterId, systemIdentifier, timeline } = identity;
    const rows = await this.#connections.run(SQL.pin, [deployment, kafkaClusterId, systemIdentifier, timeline]);
    const row = rows[0]!;
    return { deployment: row[0]!, kafkaClusterId: row[1]!, systemIdentifier: row[2]!, timeline: Number(row[3]) };
  }

  async beat(relay: RelayIdentity, leaseMs: number): Promise<Beat> {
    const values = [relay.relayId, relay.host, relay.processId, relay.version, SCHEMA_VERSION, leaseMs];
    const [row] = await this.#connections.run(SQL.beat, values);
    const held: [number, string][] = JSON.parse(row![1]!);
    const halted: [number, string][] = JSON.parse(row![3]!);
    return {
      liveRelays: Number(row![0]),
      held: held.map(([shard, epoch]) => ({ shard, epoch: BigInt(epoch) })),
      claimable: JSON.parse(row![2]!),
      nextExpiryMs: row![4] == null ? null : Number(row![4]),
      halted: new Map(halted),
    };
  }

  async claim(shard: number, relayId: string, leaseMs: number): Promise<ShardRecord | null> {
    const [row] = await this.#connections.run(SQL.claim, [shard, relayId, leaseMs]);
    if (row === undefined) return null;
    const failures = await this.#connections.run(SQL.readFailures, [shard]);
    const alreadyPublished = await this.#connections.run(SQL.readAlreadyPublished, [shard]);
    return {
      lease: { shard, epoch: BigInt(row[0]!) },
      lastBatch: BigInt(row[1]!),
      promotedBatch: BigInt(row[2]!),
      plan: row[3] == null ? null : { batch: BigInt(row[3]), cursor: parseCursor(row[5]!) },
      cursor: parseCursor(row[4]!),
      progressAgeMs: row[6] == null ? null : Number(row[6]),
      haltedReason: row[7] ?? null,
      failures: failures.map((f) => ({
        seq: BigInt(f[0]!),
        attempts: Number(f[1]),
        lastError: f[2]!,
        fingerprint: f[3]!,
        retryInMs: Number(f[4]),
      })),
      alreadyPublished: alreadyPublished.map((row) => BigInt(row[0]!)),
    };
  }

  async release(lease: Lease): Promise<void> {
    await this.#connections.run(SQL.release, leaseValues(lease));
  }

  async farewell(relayId: string): Promise<void> {
    await this.#connections.run(SQL.farewell, [relayId]);
  }

  async readPage(shard: number, cursor: Cursor, limits: PageLimits, skim?: Skim): Promise<TimedPage> {
    const values = [
      shard,
      limits.events,
      String(cursor.position),
      pgArray(cursor.snapshot.inProgress),
      String(cursor.snapshot.xmax),
      cursor.nextXid === null ? null : String(cursor.nextXid),
      limits.bytes,
    ];
    if (cursor.form === "window") {
      const window = [String(cursor.windowPosition), formatSnapshot(cursor.windowSnapshot)];
      return this.#page(SQL.readWindowPage, [...values, ...window], limits);
    }
    if (skim === undefined) return this.#page(SQL.readPlainPage, values, limits);
    return this.#page(SQL.readSkimmingPage, [...values, [...skim.tenants], skim.look], limits, skim);
  }

  async #page(statement: Statement, values: unknown[], { events }: PageLimits, skim?: Skim): Promise<TimedPage> {
    const rows = new PageRows(events);
    await this.#connections.runEach(statement, values, (row) => rows.add(row));
    return rows.page(skim);
  }

  async readLanePages(
    shard: number,
    main: PlainCursor,
    requests: readonly LaneRequest[],
  ): Promise<readonly LanePage<OutboxEvent>[]> {
    const rows = await this.#connections.run(SQL.readLanePages, lanePageValues(shard, main, requests));
    return parseLanePages(rows, main, requests);
  }

  async now(): Promise<bigint> {
    const [row] = await this.#connections.run(SQL.now, []);
    return BigInt(row![0]!) * 1_000n;
  }

  async readLines(shard: number): Promise<LinesRecord> {
    const lanes = await this.#connections.run(SQL.readLanes, [shard]);
    const quotas = await this.#connections.run(SQL.readQuotas, [shard]);
    const discarded = await this.#connections.run(SQL.readDiscarded, [shard]);
    return {
      lanes: lanes.map(parseLane),
      quotas: parseQuotas(quotas),
      discarded: discarded.map((row) => BigInt(row[0]!)),
    };
  }

  async readJobs(shard: number): Promise<readonly OpenJob[]> {
    return (await this.#connections.run(SQL.readJobs, [shard])).map(parseJob);
  }

  async readJobPage(shard: number, job: OpenJob, limits: JobLimits): Promise<JobPage> {
    return parseJobPage(await this.#connections.run(SQL.readJobPage, jobPageValues(shard, job, limits)), job, limits);
  }

  async due(lines: readonly WaitingLine[], { everyMs, forMs }: Patience): Promise<DueShards> {
    const [row] = await this.#connections.run(SQL.due, [
      lines.map((line) => line.shard),
      lines.map((line) => String(line.cursor.position)),
      lines.map((line) => formatSnapshot(line.cursor.snapshot)),
      lines.map((line) => (line.cursor.nextXid === null ? null : String(line.cursor.nextXid))),
      lines.map((line) => line.isForJobs),
      Math.ceil(everyMs),
      Math.ceil(forMs),
    ]);
    return { snapshot: parseSnapshot(row![0]!), shards: numbersOf(row![1]!), withJobs: numbersOf(row![2]!) };
  }

  async prepare(lease: Lease, plan: PlanRecord): Promise<{ nextXid: bigint } | null> {
    const values = [
      ...leaseValues(lease),
      String(plan.batch),
      ...cursorParameters(plan.cursor),
      ...deadValues(plan.dead),
      ...tallyValues(plan.published),
      ...linesValues(plan.lines),
      jobValue(plan.job),
    ];
    return xidOf(await this.#connections.run(SQL.prepare, values));
  }

  async advance(lease: Lease, { cursor, dead, published, lines, job }: Advance): Promise<{ nextXid: bigint } | null> {
    const values = [
      ...leaseValues(lease),
      ...cursorParameters(cursor),
      ...deadValues(dead),
      ...tallyValues(published),
      ...linesValues(lines),
      jobValue(job),
    ];
    return xidOf(await this.#connections.run(SQL.advance, values));
  }

  async promote(lease: Lease, batch: bigint): Promise<boolean> {
    return this.#applied(SQL.promote, [...leaseValues(lease), String(batch)]);
  }

  async discard(lease: Lease, batch: bigint): Promise<boolean> {
    return this.#applied(SQL.discard, [...leaseValues(lease), String(batch)]);
  }

  async recordFailures(lease: Lease, failures: readonly Failure[]): Promise<boolean> {
    const waits = failures.map((failure) => failure.retryInMs);
    return this.#applied(SQL.recordFailures, [...leaseValues(lease), ...deadValues(failures), waits]);
  }

  async markProgress(lease: Lease): Promise<boolean> {
    return this.#applied(SQL.markProgress, leaseValues(lease));
  }

  async reportHalt(lease: Lease, reason: string): Promise<boolean> {
    return this.#applied(SQL.reportHalt, [...leaseValues(lease), reason]);
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Whether the statement changed its row, that is, whether the lease still stands. */
  async #applied(sql: (typeof SQL)[keyof typeof SQL], values: readonly unknown[]): Promise<boolean> {
    return (await this.#connections.run(sql, values)).length > 0;
  }
}

function leaseValues(lease: Lease): [number, string] {
  return [lease.shard, String(lease.epoch)];
}

function deadValues(failures: readonly Failure[]): [string[], number[], string[], string[]] {
  return [
    failures.map((failure) => String(failure.seq)),
    failures.map((failure) => failure.attempts),
    failures.map((failure) => failure.lastError),
    failures.map((failure) => failure.fingerprint),
  ];
}

function tallyValues(published: readonly TopicTally[]): [string[], number[], string[]] {
  return [
    published.map(({ topic }) => topic),
    published.map(({ events }) => events),
    published.map(({ checksum }) => String(checksum)),
  ];
}

function xidOf(rows: readonly (readonly (string | null)[])[]): { nextXid: bigint } | null {
  const xid = rows[0]?.[0];
  return xid == null ? null : { nextXid: BigInt(xid) };
}

/** `{1,2}`, as Postgres writes an array of numbers. */
function numbersOf(array: string): number[] {
  const list = array.slice(1, -1);
  return list === "" ? [] : list.split(",").map(Number);
}

function pgArray(values: readonly bigint[]): string {
  return `{${values.join(",")}}`;
}
