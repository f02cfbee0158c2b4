import { SidingError } from "@siding/core/errors.js";
import pg from "pg";
import { describeServer, storeError } from "./connection.js";
import { type Migration, readMigrations } from "./migration-files.js";

export interface MigrateOptions {
  readonly databaseUrl: string;
  /** How many shards a new deployment gets; fixed from its first migration on. */
  readonly shards?: number;
  /** The version to end at; the newest where left out, 0 takes everything away. */
  readonly to?: number;
  /** Only say what would be done. */
  readonly plan?: boolean;
  /** For tests of the runner itself. */
  readonly migrations?: readonly Migration[];
}

export interface MigrationStep {
  readonly version: number;
  readonly name: string;
  readonly direction: "up" | "down";
  readonly isBreaking: boolean;
}

export interface MigrateResult {
  readonly from: number;
  readonly to: number;
  readonly steps: readonly MigrationStep[];
  readonly shards: number | null;
}

/** Held for as long as a migration runs, so that several at once take turns: the word "siding" in ASCII. */
const ADVISORY_LOCK = "126879372408423";
const LOCK_TIMEOUT = "60s";

/**
 * Brings the schema up or down, each step in a transaction of its own. Safe to run twice, and from several places.
 * @throws SIDING_MIGRATION_BLOCKED while relays run that a breaking step would break, SIDING_SCHEMA_TOO_NEW for a
 * database of a newer release, SIDING_MIGRATION_FAILED with the step that failed, and the SIDING_STORE_ codes
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  const where = describeServer(options.databaseUrl);
  const client = new pg.Client({
    connectionString: options.databaseUrl,
    connectionTimeoutMillis: 5_000,
    application_name: "siding-migrate",
  });
  client.on("error", () => {}); // said again by the query that it breaks
  try {
    await client.connect();
    await refuseStandby(client, where);
    await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query("select pg_advisory_lock($1::bigint)", [ADVISORY_LOCK]);
    return await migrateLocked(client, where, options);
  } catch (error) {
    throw storeError(error, where);
  } finally {
    // Ends the session, and with it the lock.
    await client.end().catch(() => {});
  }
}

async function migrateLocked(client: pg.Client, where: string, options: MigrateOptions): Promise<MigrateResult> {
  const migrations = options.migrations ?? readMigrations();
  const from = await currentVersion(client);
  const to = options.to ?? migrations.length;
  if (from > migrations.length) {
    throw new SidingError(
      "SIDING_SCHEMA_TOO_NEW",
      `the schema at ${where} has version ${from}, this release knows ${migrations.length}`,
    );
  }
  if (to > migrations.length) {
    throw new SidingError("SIDING_USAGE", `there is no migration ${to}: the newest is ${migrations.length}`);
  }
  const steps = planSteps(migrations, from, to);
  if (options.plan !== true && steps.length > 0) {
    if (steps.some((step) => step.isBreaking || step.direction === "down")) await refuseRunningRelays(client, from);
    for (const step of steps) await applyStep(client, migrations[step.version - 1]!, step);
  }
  if (options.plan !== true && to > 0) await layOutShards(client, options.shards ?? 4);
  return { from, to, steps, shards: options.plan === true || to === 0 ? null : await shardCount(client) };
}

/** Which steps lead from one version to another: pure, so that --plan and the real run cannot differ. */
export function planSteps(migrations: readonly Migration[], from: number, to: number): readonly MigrationStep[] {
  const between = migrations.filter((m) => m.version > Math.min(from, to) && m.version <= Math.max(from, to));
  const direction = to >= from ? "up" : "down";
  const steps = between.map(({ version, name, isBreaking }) => ({ version, name, direction, isBreaking }) as const);
  return direction === "up" ? steps : steps.reverse();
}

async function currentVersion(client: pg.Client): Promise<number> {
  const ledger = await client.query("select to_regclass('siding.migration') is not null as there");
  if (!ledger.rows[0].there) return 0;
  const { rows } = await client.query("select coalesce(max(version), 0)::int as version from siding.migration");
  return rows[0].version;
}

async function applyStep(client: pg.Client, migration: Migration, step: MigrationStep): Promise<void> {
  try {
    await client.query("begin");
    if (step.direction === "up") {
      if (migration.version === 1) await createLedger(client);
      await client.query(migration.up);
      await client.query("insert into siding.migration (version, name, is_breaking) values ($1, $2, $3)", [
        migration.version,
        migration.name,
        migration.isBreaking,
      ]);
    } else {
      await client.query(migration.down);
      await client.query("delete from siding.migration where version = $1", [migration.version]);
      if (migration.version === 1) await client.query("drop table siding.migration; drop schema siding");
    }
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    const text = error instanceof Error ? error.message : String(error);
    const name = `${String(migration.version).padStart(4, "0")}_${migration.name}`;
    throw new SidingError("SIDING_MIGRATION_FAILED", `migration ${name} ${step.direction}: ${text}`, { cause: error });
  }
}

async function createLedger(client: pg.Client): Promise<void> {
  await client.query(`
    create schema if not exists siding;
    create table siding.migration (
      version integer primary key,
      name text not null,
      is_breaking boolean not null,
      applied_at timestamptz not null default clock_timestamp()
    )`);
}

/** The deployment's row and its shards, once. A cursor starts at the log's start as its first snapshot shows it. */
async function layOutShards(client: pg.Client, shards: number): Promise<void> {
  await client.query(
    `with made as (
      insert into siding.deployment (shards) values ($1) on conflict (singleton) do nothing returning shards
    )
    insert into siding.shard (shard, cursor)
    select n, row(0, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor
    from made, generate_series(0, made.shards - 1) n`,
    [shards],
  );
}

async function shardCount(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select shards::int as shards from siding.deployment");
  return rows[0].shards;
}

async function refuseStandby(client: pg.Client, where: string): Promise<void> {
  const { rows } = await client.query("select pg_is_in_recovery() as standby");
  if (rows[0].standby) throw new SidingError("SIDING_STORE_STANDBY", `Postgres at ${where} is a standby`);
}

async function refuseRunningRelays(client: pg.Client, from: number): Promise<void> {
  if (from === 0) return;
  const { rows } = await client.query(
    "select host, process_id from siding.relay where alive_until >= clock_timestamp() order by started_at",
  );
  if (rows.length === 0) return;
  const who = rows.map((row) => `${row.host} (process ${row.process_id})`).join(", ");
  throw new SidingError("SIDING_MIGRATION_BLOCKED", `a breaking migration is due while relays run: ${who}`);
}
