import { SidingError } from "@siding/core/errors.js";
import pg from "pg";
import { AS_TEXT, type TextRow } from "./admin-session.js";
import { becomeRole, type SidingRole } from "./become-role.js";
import { describeServer, storeError } from "./connection.js";
import { type Counted, POSTGRES_SETTINGS, type PostgresFacts, type SchemaFacts } from "./postgres-facts.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

export interface FactsWanted {
  readonly databaseUrl: string;
  /** From when on a transaction counts as long, in milliseconds. */
  readonly transactionMs: number;
  /** This host's clock, in milliseconds since 1970. */
  readonly unixMs: () => number;
}

const SQL = {
  clock: statement("doctor-clock"),
  server: statement("doctor-server"),
  overrides: statement("doctor-overrides"),
  transactions: statement("doctor-transactions"),
  prepared: statement("doctor-prepared"),
  slots: statement("doctor-slots"),
  grants: statement("doctor-grants"),
  schema: statement("doctor-schema"),
  halted: statement("doctor-halted"),
  tables: statement("doctor-tables"),
  topics: statement("doctor-topics"),
};

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const NAMED_MAX = 10;
const WAITING_LOOKED_AT = 5_000;
const NEWEST_LOOKED_AT = 500;
const TOPICS_MAX = 1_000;
const ROLES = ["siding_owner", "siding_emitter", "siding_relay", "siding_admin"];

/**
 * Reads what the promises rest on in Postgres, and changes nothing: first as the connected user, then in the role that may
 * look at the schema.
 * @throws SIDING_STORE_UNREACHABLE, SIDING_STORE_AUTH
 */
export async function readPostgresFacts({ databaseUrl, transactionMs, unixMs }: FactsWanted): Promise<PostgresFacts> {
  const where = describeServer(databaseUrl);
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
    application_name: "siding-doctor",
  });
  client.on("error", () => {}); // said again by the query that it breaks
  const rowsOf = rowsFrom(client);
  try {
    await client.connect();
    await client.query("set default_transaction_read_only = on");
    const askedAtMs = unixMs();
    const [now] = await rowsOf(SQL.clock);
    const answeredAtMs = unixMs();
    const [server] = await rowsOf(SQL.server, [POSTGRES_SETTINGS, ROLES]);
    const isStandby = server!.is_standby === "true";
    const transactions = await rowsOf(SQL.transactions, [transactionMs, NAMED_MAX]);
    const prepared = await rowsOf(SQL.prepared, [transactionMs, NAMED_MAX]);
    const facts = {
      where,
      user: server!.user_name!,
      versionNumber: Number(server!.version_number),
      version: server!.version!,
      isStandby,
      clockAheadMs: (askedAtMs + answeredAtMs) / 2 - Number(now!.now_ms),
      clockUncertaintyMs: (answeredAtMs - askedAtMs) / 2,
      settings: JSON.parse(server!.settings!),
      commitOverrides: (await rowsOf(SQL.overrides)).map(({ who, value }) => ({ who: who!, value: value! })),
      connections: { used: Number(server!.connections), max: Number(server!.connections_max) },
      seesAllSessions: server!.sees_all === "true",
      transactions: counted(transactions, (row) => ({
        processId: Number(row.pid),
        database: row.database ?? "",
        user: row.user_name ?? "",
        application: row.application ?? "",
        state: row.state ?? "",
        ageMs: Number(row.age_ms),
        hasWritten: row.has_written === "true",
      })),
      prepared: counted(prepared, (row) => ({
        gid: row.gid!,
        owner: row.owner!,
        database: row.database!,
        ageMs: Number(row.age_ms),
      })),
      slots: isStandby
        ? null
        : (await rowsOf(SQL.slots)).map((row) => ({
            name: row.name!,
            kind: row.kind!,
            isActive: row.is_active === "true",
            walStatus: row.wal_status ?? null,
            keptBytes: Number(row.kept_bytes ?? 0),
          })),
      oldestXidAge: Number(server!.oldest_xid_age),
      roles: JSON.parse(server!.roles ?? "[]"),
      isLaidOut: server!.is_laid_out === "true",
      missingGrants: (await rowsOf(SQL.grants)).map(({ role, privilege, object }) => {
        return { role: role!, privilege: privilege!, object: object! };
      }),
    };
    const canBecome = await rolesOf(client, where);
    const role = canBecome.includes("siding_admin") ? "siding_admin" : canBecome[0];
    if (role !== undefined) await becomeRole(client, role, where);
    const isReadable = facts.isLaidOut && role !== undefined;
    return { ...facts, canBecome, schema: isReadable ? await readableSchema(rowsOf) : null };
  } catch (error) {
    throw storeError(error, where);
  } finally {
    await client.end().catch(() => {});
  }
}

type RowsOf = (sql: Statement, values?: readonly unknown[]) => Promise<readonly TextRow[]>;

function rowsFrom(client: pg.Client): RowsOf {
  return async (sql, values = []) =>
    (await client.query<TextRow>({ text: sql.text, values: [...values], types: AS_TEXT })).rows;
}

/** Tried as commands try it: a membership may be there and not allow to take the role on. */
async function rolesOf(client: pg.Client, where: string): Promise<SidingRole[]> {
  const can: SidingRole[] = [];
  for (const role of ["siding_relay", "siding_admin"] as const) {
    try {
      await becomeRole(client, role, where);
      await client.query("reset role");
      can.push(role);
    } catch (error) {
      if (!(error instanceof SidingError)) throw error;
    }
  }
  return can;
}

const DENIED = "42501";

/** Which rights are missing has been read from the catalogs by now. */
async function readableSchema(rowsOf: RowsOf): Promise<SchemaFacts | null> {
  try {
    return await readSchema(rowsOf);
  } catch (error) {
    if ((error as { code?: string }).code === DENIED) return null;
    throw error;
  }
}

async function readSchema(rowsOf: RowsOf): Promise<SchemaFacts | null> {
  const [row] = await rowsOf(SQL.schema);
  if (row?.version == null) return null;
  const { name, kafka_cluster_id: kafka, pinned_system: system, pinned_timeline: timeline } = row;
  const isPinned = name != null && kafka != null && system != null && timeline != null;
  return {
    version: Number(row.version),
    shards: Number(row.shards),
    payloadBytesMax: Number(row.payload_bytes_max),
    pinned: isPinned
      ? { deployment: name, kafkaClusterId: kafka, systemIdentifier: system, timeline: Number(timeline) }
      : null,
    systemIdentifier: row.system_identifier!,
    timeline: row.timeline == null ? null : Number(row.timeline),
    relaysAlive: Number(row.relays_alive),
    halted: (await rowsOf(SQL.halted)).map(({ shard, reason }) => ({ shard: Number(shard), reason: reason! })),
    tables: (await rowsOf(SQL.tables)).map((table) => ({
      name: table.name!,
      liveRows: Number(table.live),
      deadRows: Number(table.dead),
      vacuumedAgoMs: table.vacuumed_ago_ms == null ? null : Number(table.vacuumed_ago_ms),
      xidAge: Number(table.xid_age),
      isAutovacuumed: /^(on|true|yes|1)$/.test(table.autovacuum!),
    })),
    // An older schema is a finding of its own, and has not all that this reads.
    topics: Number(row.version) < SCHEMA_VERSION ? [] : await readTopics(rowsOf),
  };
}

async function readTopics(rowsOf: RowsOf): Promise<SchemaFacts["topics"]> {
  const rows = await rowsOf(SQL.topics, [WAITING_LOOKED_AT, NEWEST_LOOKED_AT, TOPICS_MAX]);
  return rows.map(({ topic, waiting }) => ({ topic: topic!, waiting: Number(waiting) }));
}

function counted<T>(rows: readonly TextRow[], parse: (row: TextRow) => T): Counted<T> {
  return { named: rows.map(parse), total: Number(rows[0]?.total ?? 0) };
}
