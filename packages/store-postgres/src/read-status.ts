import { SidingError } from "@siding/core/errors.js";
import type pg from "pg";
import { AS_TEXT, type TextRow, withAdminSession } from "./admin-session.js";
import { isStatementCanceled } from "./connection.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

export interface StatusReport {
  /** host:port/database */
  readonly server: string;
  readonly deployment: DeploymentStatus;
  readonly relays: readonly RelayStatus[];
  readonly shards: readonly ShardStatus[];
  /** Null where there is too much of it to be counted in the time allowed. */
  readonly backlog: BacklogStatus | null;
  readonly lanes: LanesStatus;
  /** Refused by Kafka at least once, and tried again. */
  readonly refused: bigint;
  readonly dead: bigint;
}

export interface DeploymentStatus {
  /** Null until the first relay has run. */
  readonly name: string | null;
  readonly kafkaClusterId: string | null;
  readonly shards: number;
  readonly schemaVersion: number;
}

export interface RelayStatus {
  readonly relayId: string;
  readonly host: string;
  readonly processId: number;
  readonly version: string;
  /** RFC 3339, UTC, as are all times here. */
  readonly startedAt: string;
  readonly seenAt: string;
  readonly seenAgoMs: number;
  readonly isAlive: boolean;
}

export interface ShardStatus {
  readonly shard: number;
  /** Its relay while the lease runs; null where nobody may publish it. */
  readonly owner: { readonly relayId: string; readonly host: string | null; readonly processId: number | null } | null;
  readonly epoch: bigint;
  readonly leaseLeftMs: number | null;
  readonly lastBatch: bigint;
  readonly promotedBatch: bigint;
  /** Laid down and not promoted yet: under way in Kafka, or waiting for the next batch. */
  readonly plannedBatch: bigint | null;
  readonly promotedAt: string | null;
  /** The first topic that a breaker stops. */
  readonly waiting: { readonly topic: string; readonly reason: string | null } | null;
  readonly haltedReason: string | null;
  /** Age of its oldest pending event; null where none is pending. */
  readonly lagMs: number | null;
}

export interface LanesStatus {
  /** How many there are, by reason. */
  readonly counts: ReadonlyMap<string, number>;
  /** Those first that somebody has to let go, then by when they may move. */
  readonly first: readonly LaneStatus[];
}

/** What may not move now, and why. */
export interface LaneStatus {
  readonly shard: number;
  /** What it carries; null: any. */
  readonly tenantId: string | null;
  readonly topic: string | null;
  readonly key: string | null;
  readonly seq: bigint | null;
  readonly reason: string;
  readonly detail: string;
  /** Null: when somebody says so. */
  readonly resumeAt: string | null;
  readonly resumeInMs: number | null;
}

export interface BacklogStatus {
  readonly pending: bigint;
  readonly tenants: number;
  /** The tenants with the most pending events, those first. */
  readonly largest: readonly TenantBacklog[];
}

export interface TenantBacklog {
  readonly tenantId: string;
  readonly pending: bigint;
  readonly oldestCreatedAt: string;
  readonly oldestAgeMs: number;
  readonly laneReason: string | null;
  readonly resumeAt: string | null;
}

export interface StatusOptions {
  readonly databaseUrl: string;
  /** How many tenants of the backlog to name. */
  readonly tenantsMax: number;
  readonly statementTimeoutMs?: number;
}

const SQL = {
  deployment: statement("status-deployment"),
  relays: statement("status-relays"),
  shards: statement("status-shards"),
  failures: statement("status-failures"),
  lanes: statement("status-lanes"),
  laneCounts: statement("status-lane-counts"),
  backlog: statement("status-backlog"),
};

const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Reads how the outbox is, from Postgres alone and in the role siding_admin: it tells also while no relay runs.
 * @throws SIDING_STORE_PRIVILEGE for a user who is no member of siding_admin, SIDING_SCHEMA_*, SIDING_STORE_*
 */
export async function readStatus({
  databaseUrl,
  statementTimeoutMs,
  tenantsMax,
}: StatusOptions): Promise<StatusReport> {
  const settings = `set statement_timeout = ${statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}; set jit = off`;
  return withAdminSession({ databaseUrl, name: "siding-status", settings }, (client, where) =>
    readStatusOn(client, where, tenantsMax),
  );
}

/**
 * As {@link readStatus}, on a connection that is there already, in the role siding_admin and outside of a transaction.
 * @param server host:port/database
 */
export async function readStatusOn(client: pg.ClientBase, server: string, tenantsMax: number): Promise<StatusReport> {
  const [deployment] = await rowsOf(client, SQL.deployment);
  if (deployment === undefined)
    throw new SidingError("SIDING_SCHEMA_MISSING", `the schema at ${server} was never laid out`);
  const schemaVersion = Number(deployment.schema_version);
  if (schemaVersion < SCHEMA_VERSION) {
    const message = `the schema at ${server} has version ${schemaVersion}, this release needs ${SCHEMA_VERSION}`;
    throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
  }
  const owners = await readRelaysOn(client);
  const [failures] = await rowsOf(client, SQL.failures);
  return {
    server,
    deployment: {
      name: deployment.name ?? null,
      kafkaClusterId: deployment.kafka_cluster_id ?? null,
      shards: Number(deployment.shards),
      schemaVersion,
    },
    ...owners,
    lanes: await readLanes(client, tenantsMax),
    backlog: await readBacklog(client, tenantsMax),
    refused: BigInt(failures!.refused!),
    dead: BigInt(failures!.dead!),
  };
}

/** Relays and shards alone, which is quick whatever waits. */
export async function readRelaysOn(client: pg.ClientBase): Promise<Pick<StatusReport, "relays" | "shards">> {
  const relays = await rowsOf(client, SQL.relays);
  const shards = await rowsOf(client, SQL.shards);
  return { relays: relays.map(relayStatus), shards: shards.map(shardStatus) };
}

async function readLanes(client: pg.ClientBase, lanesMax: number): Promise<LanesStatus> {
  const counts = await rowsOf(client, SQL.laneCounts);
  const rows = await rowsOf(client, SQL.lanes, [lanesMax]);
  return {
    counts: new Map(counts.map((row) => [row.reason!, Number(row.lanes)])),
    first: rows.map((row) => ({
      shard: Number(row.shard),
      tenantId: row.tenant_id ?? null,
      topic: row.topic ?? null,
      key: row.key ?? null,
      seq: row.seq == null ? null : BigInt(row.seq),
      reason: row.reason!,
      detail: row.detail!,
      resumeAt: row.resume_at ?? null,
      resumeInMs: row.resume_in_ms == null ? null : Number(row.resume_in_ms),
    })),
  };
}

async function readBacklog(client: pg.ClientBase, tenantsMax: number): Promise<BacklogStatus | null> {
  try {
    const rows = await rowsOf(client, SQL.backlog, [tenantsMax]);
    return {
      pending: BigInt(rows[0]?.pending_total ?? 0),
      tenants: Number(rows[0]?.tenants_total ?? 0),
      largest: rows.map((row) => ({
        tenantId: row.tenant_id!,
        pending: BigInt(row.pending!),
        oldestCreatedAt: row.oldest_created_at!,
        oldestAgeMs: Number(row.oldest_age_ms),
        laneReason: row.lane_reason ?? null,
        resumeAt: row.resume_at ?? null,
      })),
    };
  } catch (error) {
    // Tens of millions wait: that is when the rest of the status is needed most.
    if (isStatementCanceled(error)) return null;
    throw error;
  }
}

function relayStatus(row: TextRow): RelayStatus {
  return {
    relayId: row.relay_id!,
    host: row.host!,
    processId: Number(row.process_id),
    version: row.version!,
    startedAt: row.started_at!,
    seenAt: row.seen_at!,
    seenAgoMs: Number(row.seen_ago_ms),
    isAlive: row.alive === "t",
  };
}

function shardStatus(row: TextRow): ShardStatus {
  const isLeased = row.leased === "t";
  const processId = row.owner_process_id == null ? null : Number(row.owner_process_id);
  return {
    shard: Number(row.shard),
    owner: isLeased ? { relayId: row.owner!, host: row.owner_host ?? null, processId } : null,
    epoch: BigInt(row.epoch!),
    leaseLeftMs: isLeased ? Number(row.lease_left_ms) : null,
    lastBatch: BigInt(row.last_batch!),
    promotedBatch: BigInt(row.promoted_batch!),
    plannedBatch: row.planned_batch == null ? null : BigInt(row.planned_batch),
    promotedAt: row.promoted_at ?? null,
    waiting: row.waiting_topic == null ? null : { topic: row.waiting_topic, reason: row.waiting_reason ?? null },
    haltedReason: row.halted_reason ?? null,
    lagMs: row.lag_ms == null ? null : Math.max(0, Number(row.lag_ms)),
  };
}

async function rowsOf(
  client: pg.ClientBase,
  sql: Statement,
  values: readonly unknown[] = [],
): Promise<readonly TextRow[]> {
  const { rows } = await client.query<TextRow>({ text: sql.text, values: [...values], types: AS_TEXT });
  return rows;
}
