import { isSidingError, SidingError } from "@siding/core/errors.js";
import pg from "pg";
import type { TextRow } from "./admin-session.js";
import { type AdminStatements, statementsOn } from "./admin-statements.js";
import { becomeRole } from "./become-role.js";
import { describeServer, isStatementCanceled, storeError } from "./connection.js";
import { InspectionSession } from "./inspection-session.js";
import { JobDesk } from "./job-desk.js";
import { readRelaysOn, readStatusOn, type StatusReport } from "./read-status.js";
import type { Statement } from "./sql-file.js";
import { TenantDesk } from "./tenant-desk.js";

export interface AdminPoolOptions {
  readonly databaseUrl: string;
  readonly connectionsMax: number;
  readonly statementTimeoutMs: number;
  /** How long a request waits for a connection while all of them work. */
  readonly waitMs: number;
}

/**
 * The few connections of the admin API, apart from those of any relay: whatever is asked through it, no more than these
 * work at once, and none of their statements works for longer than it may.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_* from every method; SIDING_STORE_UNREACHABLE where no connection is free in time
 */
export class AdminPool implements AdminStatements {
  readonly #pool: pg.Pool;
  readonly #where: string;
  readonly #statementTimeoutMs: number;

  constructor({ databaseUrl, connectionsMax, statementTimeoutMs, waitMs }: AdminPoolOptions) {
    this.#where = describeServer(databaseUrl);
    this.#statementTimeoutMs = statementTimeoutMs;
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      max: connectionsMax,
      connectionTimeoutMillis: waitMs,
      statement_timeout: statementTimeoutMs,
      // Above the server's own: a server that is gone never answers, one that is slow says so.
      query_timeout: statementTimeoutMs + 2_000,
      idle_in_transaction_session_timeout: 4 * statementTimeoutMs,
      keepAlive: true,
      application_name: "siding-admin",
      onConnect: async (client) => {
        await becomeRole(client, "siding_admin", this.#where);
        await client.query("set jit = off; set timezone = 'UTC'");
      },
    });
    // An idle connection that breaks is replaced by the pool; the next call finds out on its own.
    this.#pool.on("error", () => {});
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Lets `use` look at the tenants named, or at all of them. */
  async inspect<T>(tenants: readonly string[] | null, use: (session: InspectionSession) => Promise<T>): Promise<T> {
    return this.#with((client) => use(new InspectionSession(client, this.#where, tenants)));
  }

  async status(tenantsMax: number): Promise<StatusReport> {
    return this.#with((client) => readStatusOn(client, this.#where, tenantsMax));
  }

  async relays(): Promise<Pick<StatusReport, "relays" | "shards">> {
    return this.#with(readRelaysOn);
  }

  /** Lets `use` ask for replays, redrives and discards, and learn of the jobs of the tenants named, or of all. */
  async atJobDesk<T>(tenants: readonly string[] | null, use: (desk: JobDesk) => Promise<T>): Promise<T> {
    return this.#with((client) => use(new JobDesk(client, this.#where, tenants)));
  }

  /** Lets `use` see and lay down what holds for tenants. */
  async atTenantDesk<T>(use: (desk: TenantDesk) => Promise<T>): Promise<T> {
    return this.#with((client) => use(new TenantDesk(client, this.#where)));
  }

  async run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    return this.#with((client) => statementsOn(client, this.#where).run(sql, values));
  }

  async #with<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      const answer = await use(client);
      client.release();
      return answer;
    } catch (error) {
      // What the asker got wrong leaves a connection in order; after anything else nobody knows what it holds.
      client?.release(!(isSidingError(error) && error.exit < 3));
      if (isStatementCanceled(error)) {
        const message = `Postgres at ${this.#where} needs longer than the ${this.#statementTimeoutMs} ms that a request has`;
        throw new SidingError("SIDING_QUERY_TOO_WIDE", message, { cause: error });
      }
      throw storeError(error, this.#where);
    }
  }
}
