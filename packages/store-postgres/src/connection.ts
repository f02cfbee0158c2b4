import { SidingError } from "@siding/core/errors.js";
import pg from "pg";
import { becomeRole } from "./become-role.js";
import type { Statement } from "./sql-file.js";

export type Row = readonly (string | null)[];

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * What the relay's statements rely on. Prepare and promote must be durable when they answer (design §4). Sorting is
 * discouraged and bitmap scans are off because each statement is written for one index, and statistics thrown by one
 * huge transaction must not choose another; compiling a statement that runs for a millisecond costs a hundred.
 */
const SESSION = [
  // A statement that looks again and again would see one moment otherwise (siding.await_due).
  "set default_transaction_isolation = 'read committed'",
  "set synchronous_commit = on",
  "set timezone = 'UTC'",
  "set datestyle = 'ISO'",
  "set jit = off",
  "set enable_sort = off",
  "set enable_bitmapscan = off",
  "set enable_seqscan = off",
  "set plan_cache_mode = force_generic_plan",
  "set work_mem = '32MB'",
  "set idle_in_transaction_session_timeout = '60s'",
].join("; ");

/**
 * A statement that hands on each row as it comes, every value as Postgres wrote it: parsing is the caller's, who knows which
 * ones it needs, and nothing of a row outlives what is made of it. Five thousand that wait for the last one cost the
 * collector as much as all else that a relay does.
 */
class RowByRow extends pg.Query {
  readonly #each: (row: Row) => void;
  #failure: { readonly reason: unknown } | null = null;

  constructor({ name, text }: Statement, values: readonly unknown[], each: (row: Row) => void) {
    super({ name, text, values: values as unknown[] } as pg.QueryConfig);
    this.#each = each;
  }

  /** Called by the client, with the names of the columns: nobody asks for a value by name. */
  handleRowDescription(): void {}

  /** Called by the client. What is thrown here would end the process, so it is kept until all has arrived. */
  handleDataRow({ fields }: { readonly fields: Row }): void {
    if (this.#failure !== null) return;
    try {
      this.#each(fields);
    } catch (reason) {
      this.#failure = { reason };
    }
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }
}

/** A pool of connections in the relay's role, with every error turned into one of Siding's. */
export class Connections {
  readonly #pool: pg.Pool;
  readonly #where: string;

  constructor(databaseUrl: string, connectionsMax: number) {
    this.#where = describeServer(databaseUrl);
    this.#pool = new pg.Pool({
      connectionString: databaseUrl,
      max: connectionsMax,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Above the server's own: a server that is gone never answers, one that is slow says so.
      query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
      keepAlive: true,
      application_name: "siding-relay",
      onConnect: async (client) => {
        await becomeRole(client, "siding_relay", this.#where);
        await client.query(SESSION);
      },
    });
    // An idle connection that breaks is replaced by the pool; the next call finds out on its own.
    this.#pool.on("error", () => {});
  }

  /** @throws SIDING_STORE_* */
  async run(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]> {
    const rows: Row[] = [];
    await this.runEach(statement, values, (row) => rows.push(row));
    return rows;
  }

  /** @throws SIDING_STORE_*, and what each throws */
  async runEach(statement: Statement, values: readonly unknown[], each: (row: Row) => void): Promise<void> {
    const query = new RowByRow(statement, values, each);
    try {
      await this.#pool.query(query as never);
    } catch (error) {
      throw storeError(error, this.#where);
    }
    query.throwFailure();
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** host:port/database, without the user and the password. */
export function describeServer(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  return `${url.hostname}:${url.port || "5432"}${url.pathname}`;
}

const AUTH = new Set(["28000", "28P01", "3D000"]);
/** Data exception, integrity constraint violation, syntax error or access rule: trying again changes nothing. */
const OWN_FAULT = /^(22|23|42)/;
const SCHEMA = new Set(["3F000", "42P01", "42883", "42704"]);

/** Turns what pg throws into one of Siding's errors, by SQLSTATE and never by the text. */
export function storeError(error: unknown, where: string): SidingError {
  if (error instanceof SidingError) return error;
  const cause = { cause: error };
  const code = (error as { code?: unknown }).code;
  const text = error instanceof Error && error.message !== "" ? error.message : String(code ?? error);
  if (typeof code === "string" && AUTH.has(code)) {
    return new SidingError("SIDING_STORE_AUTH", `Postgres at ${where} refused the connection: ${text}`, cause);
  }
  if (code === "42501") {
    return new SidingError("SIDING_STORE_PRIVILEGE", `Postgres at ${where}: ${text}`, cause);
  }
  if (typeof code === "string" && SCHEMA.has(code)) {
    return new SidingError("SIDING_SCHEMA_MISSING", `the database at ${where} lacks Siding's schema: ${text}`, cause);
  }
  if (code === "25006") {
    return new SidingError("SIDING_STORE_STANDBY", `Postgres at ${where} is read-only`, cause);
  }
  if (typeof code === "string" && OWN_FAULT.test(code)) {
    return new SidingError("SIDING_INTERNAL", `Postgres at ${where} refused a statement (${code}): ${text}`, cause);
  }
  return new SidingError("SIDING_STORE_UNREACHABLE", `Postgres at ${where}: ${text}`, cause);
}

/** Postgres ended a statement that took longer than it may. */
const CANCELED = "57014";

/** @param error of Postgres, or the one of Siding's that it became */
export function isStatementCanceled(error: unknown): boolean {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  return code === CANCELED || (cause as { code?: unknown } | undefined)?.code === CANCELED;
}

/** What `ask` answers; what it throws as one of Siding's errors. */
export async function asStoreError<T>(where: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw storeError(error, where);
  }
}
