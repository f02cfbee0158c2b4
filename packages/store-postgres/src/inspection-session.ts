import { SidingError } from "@siding/core/errors.js";
import { invariant } from "@siding/core/invariant.js";
import type pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, isStatementCanceled, storeError } from "./connection.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

/** How far a shard is. */
export interface ShardPosition {
  readonly shard: number;
  readonly position: bigint;
  readonly haltedReason: string | null;
}

export interface InspectionOptions {
  readonly databaseUrl: string;
  readonly statementTimeoutMs?: number;
}

const SHARDS = statement("inspect-shards");
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * Every statement is written for the index that it names and stops when its page is full. A plan that sorts or hashes
 * would read the whole log first; a plan made for any value would not know which filters are there.
 */
const SETTINGS = [
  "timezone = 'UTC'",
  "plan_cache_mode = force_custom_plan",
  ...["jit", "enable_sort", "enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"].map(
    (setting) => `${setting} = off`,
  ),
];

/** Local: a connection of a pool is for other statements as well. */
const BEGIN = [
  "begin isolation level repeatable read read only",
  ...SETTINGS.map((setting) => `set local ${setting}`),
].join("; ");

/** For the rest of a transaction Postgres itself shows these tenants' rows alone (migration 0007). */
const BIND = "select set_config('siding.tenants', $1::text[]::text, true), set_config('role', 'siding_tenant', true)";

/** A connection on which an operator looks and changes nothing: at every tenant, or at those that a token is bound to. */
export class InspectionSession {
  readonly #client: pg.ClientBase;
  readonly #where: string;
  readonly #tenants: readonly string[] | null;
  readonly #end: () => Promise<void>;
  #isReading = false;

  /**
   * @param client in the role siding_admin
   * @param where host:port/database
   * @param tenants those that Postgres is to show; null for all
   * @param end what closing it does: nothing, where the connection is somebody else's
   */
  constructor(
    client: pg.ClientBase,
    where: string,
    tenants: readonly string[] | null,
    end: () => Promise<void> = async () => {},
  ) {
    this.#client = client;
    this.#where = where;
    this.#tenants = tenants;
    this.#end = end;
  }

  /**
   * A connection of its own, which sees every tenant.
   * @throws SIDING_STORE_*, SIDING_SCHEMA_*
   */
  static async open({ databaseUrl, statementTimeoutMs }: InspectionOptions): Promise<InspectionSession> {
    const where = describeServer(databaseUrl);
    try {
      const client = await openAdminSession(databaseUrl, "siding-inspect");
      const settings = [
        `statement_timeout = ${statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}`,
        "default_transaction_read_only = on",
        ...SETTINGS,
      ];
      await client.query(settings.map((setting) => `set ${setting}`).join("; "));
      return new InspectionSession(client, where, null, () => client.end());
    } catch (error) {
      throw storeError(error, where);
    }
  }

  /** Opens a connection of its own for `use`. @throws SIDING_STORE_*, SIDING_SCHEMA_* */
  static async during<T>(options: InspectionOptions, use: (session: InspectionSession) => Promise<T>): Promise<T> {
    const session = await InspectionSession.open(options);
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.#end().catch(() => {});
  }

  /** Whether only some tenants' rows are shown: what is not leakproof is asked after whose row it is, and finds no index. */
  get isBound(): boolean {
    return this.#tenants !== null;
  }

  /** Runs `read` so that all its statements see one moment. Without an xid: relays see nothing of it. */
  async atOneMoment<T>(read: () => Promise<T>): Promise<T> {
    await this.#guarded(() => this.#client.query(BEGIN));
    try {
      if (this.#tenants !== null) await this.#guarded(() => this.#client.query(BIND, [this.#tenants]));
      this.#isReading = true;
      return await read();
    } finally {
      this.#isReading = false;
      // Nothing to keep either way; a connection that broke has said so already.
      await this.#client.query("rollback").catch(() => {});
    }
  }

  /**
   * The shards, or the one of a tenant.
   * @throws SIDING_SCHEMA_MISSING, SIDING_SCHEMA_OUTDATED
   */
  async shards(tenantId: string | undefined): Promise<readonly ShardPosition[]> {
    const rows = await this.run(SHARDS, [tenantId ?? null]);
    const version = rows[0]?.schema_version;
    if (version == null)
      throw new SidingError("SIDING_SCHEMA_MISSING", `the schema at ${this.#where} was never laid out`);
    if (Number(version) < SCHEMA_VERSION) {
      const message = `the schema at ${this.#where} has version ${version}, this release needs ${SCHEMA_VERSION}`;
      throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
    }
    return rows.map((row) => ({
      shard: Number(row.shard),
      position: BigInt(row.position!),
      haltedReason: row.halted_reason ?? null,
    }));
  }

  /** @throws SIDING_STORE_*, SIDING_SCHEMA_*, and SIDING_QUERY_TOO_WIDE where the answer takes longer than a statement may */
  async run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    // Outside of atOneMoment the role would still be the one that sees every tenant.
    invariant(this.#tenants === null || this.#isReading, "a bound session reads inside of atOneMoment", {
      statement: sql.name,
    });
    const query = { text: sql.text, values: [...values], types: AS_TEXT };
    return (await this.#guarded(() => this.#client.query<TextRow>(query))).rows;
  }

  async #guarded<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (isStatementCanceled(error)) {
        const message = `Postgres at ${this.#where} needs longer than it may`;
        throw new SidingError("SIDING_QUERY_TOO_WIDE", message, { cause: error });
      }
      throw storeError(error, this.#where);
    }
  }
}
