import { SidingError } from "@siding/core/errors.js";
import type pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, storeError } from "./connection.js";
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
const CANCELED = "57014";

/**
 * Every statement is written for the index that it names and stops when its page is full. A plan that sorts or hashes
 * would read the whole log first; a plan made for any value would not know which filters are there.
 */
const SETTINGS = [
  "set timezone = 'UTC'",
  "set default_transaction_read_only = on",
  "set plan_cache_mode = force_custom_plan",
  ...["jit", "enable_sort", "enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"].map(
    (setting) => `set ${setting} = off`,
  ),
].join("; ");

/** A connection of an operator who looks and changes nothing, in the role siding_admin. */
export class InspectionSession {
  readonly #client: pg.Client;
  readonly #where: string;

  private constructor(client: pg.Client, where: string) {
    this.#client = client;
    this.#where = where;
  }

  /** @throws SIDING_STORE_*, SIDING_SCHEMA_* */
  static async open({ databaseUrl, statementTimeoutMs }: InspectionOptions): Promise<InspectionSession> {
    const where = describeServer(databaseUrl);
    try {
      const client = await openAdminSession(databaseUrl, "siding-inspect");
      await client.query(`set statement_timeout = ${statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}; ${SETTINGS}`);
      return new InspectionSession(client, where);
    } catch (error) {
      throw storeError(error, where);
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  /** Runs `read` so that all its statements see one moment. Without an xid: relays see nothing of it. */
  async atOneMoment<T>(read: () => Promise<T>): Promise<T> {
    await this.#guarded(() => this.#client.query("begin isolation level repeatable read read only"));
    try {
      return await read();
    } finally {
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

  /** @throws SIDING_STORE_*, SIDING_SCHEMA_*, and SIDING_USAGE where the answer takes longer than a statement may */
  async run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    const query = { text: sql.text, values: [...values], types: AS_TEXT };
    return (await this.#guarded(() => this.#client.query<TextRow>(query))).rows;
  }

  async #guarded<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code === CANCELED) {
        const message = `Postgres at ${this.#where} needs longer than it may: narrow it, with --tenant or --since`;
        throw new SidingError("SIDING_USAGE", message, { cause: error });
      }
      throw storeError(error, this.#where);
    }
  }
}
