import { SidingError } from "@siding/core/errors.js";
import type { Policy } from "@siding/core/policy/policy.js";
import type { Admission } from "@siding/core/policy/settle-policy.js";
import type { PolicyBook } from "@siding/core/ports/policy-source.js";
import { UNUSED } from "@siding/core/quota/limit.js";
import type { QuotaState } from "@siding/core/quota/quota.js";
import type pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, storeError } from "./connection.js";
import { gateValues, parseBook, READ_POLICIES, SET_GATES } from "./policy-book.js";
import { type PolicyAuthor, policyRow } from "./policy-row.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

/** The policies and who laid them down, as one moment saw them. */
export interface OpenBook extends PolicyBook {
  /** Postgres' clock, in ms since 1970. */
  readonly nowMs: number;
  readonly authors: ReadonlyMap<string, PolicyAuthor>;
}

/** Who changes something, and why. */
export interface Author {
  readonly actor: string;
  readonly reason: string;
}

const SQL = {
  inLog: statement("tenants-in-log"),
  inOrder: statement("tenants-in-order"),
  lock: statement("change-policy-lock"),
  pause: statement("change-policy-pause"),
  remove: statement("change-policy-remove"),
  resume: statement("change-policy-resume"),
  set: statement("change-policy-set"),
  usage: statement("tenant-usage"),
  version: statement("tenant-schema"),
};

/** What Postgres knows of a tenant. */
export interface TenantUsage {
  /** Counted no further than asked. */
  readonly pending: bigint;
  /** Age of the oldest pending event in ms; null where none is pending. */
  readonly lagMs: number | null;
  /** The broadest of its lanes; null: it rides the main line. resumeAt in RFC 3339; null: when somebody says so. */
  readonly lane: { readonly reason: string; readonly detail: string; readonly resumeAt: string | null } | null;
  readonly used: QuotaState;
}

const STATEMENT_TIMEOUT_MS = 10_000;
/** The log's indexes serve these lists; statistics must not choose to read it whole. */
const SETTINGS = [
  `set statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
  "set timezone = 'UTC'",
  ...["jit", "enable_sort", "enable_seqscan", "enable_bitmapscan"].map((setting) => `set ${setting} = off`),
].join("; ");

/**
 * Where an operator lays down what holds for tenants, in the role siding_admin.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_* from every method
 */
export class TenantDesk {
  readonly #client: pg.Client;
  readonly #where: string;

  private constructor(client: pg.Client, where: string) {
    this.#client = client;
    this.#where = where;
  }

  static async open(databaseUrl: string): Promise<TenantDesk> {
    const where = describeServer(databaseUrl);
    try {
      const client = await openAdminSession(databaseUrl, "siding-tenants");
      await client.query(SETTINGS);
      const desk = new TenantDesk(client, where);
      await desk.#checkSchema();
      return desk;
    } catch (error) {
      throw storeError(error, where);
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  async read(): Promise<OpenBook> {
    const rows = await this.#guarded(() =>
      this.#client.query<(string | null)[]>({
        text: READ_POLICIES.text,
        values: [null],
        rowMode: "array",
        types: AS_TEXT,
      }),
    );
    const { book, authors, nowMs } = parseBook(rows.rows[0]!);
    return { ...book!, authors, nowMs };
  }

  /** Tenants with events in the log, in the order of their names, behind one of them. */
  async inLog(behind: string | null, most: number): Promise<readonly string[]> {
    return (await this.#run(SQL.inLog, [behind, most])).map((row) => row.tenant_id!);
  }

  /** Names in the database's own order, behind one of them: a list over several sources goes by it. */
  async inNameOrder(names: readonly string[], behind: string | null): Promise<readonly string[]> {
    return (await this.#run(SQL.inOrder, [[...names], behind])).map((row) => row.tenant_id!);
  }

  async usage(tenantId: string, pendingMax: bigint): Promise<TenantUsage> {
    const [row] = await this.#run(SQL.usage, [tenantId, String(pendingMax)]);
    const { pending, lag_ms: lagMs, lane_reason: reason, lane_detail: detail, resume_at: resumeAt } = row!;
    return {
      pending: BigInt(pending!),
      lagMs: lagMs == null ? null : Math.max(0, Number(lagMs)),
      lane: reason == null ? null : { reason, detail: detail ?? "", resumeAt: resumeAt ?? null },
      used: {
        events: row!.events_until == null ? UNUSED : BigInt(row!.events_until),
        bytes: row!.bytes_until == null ? UNUSED : BigInt(row!.bytes_until),
      },
    };
  }

  /**
   * Runs `act` in one transaction in which nobody else changes policies, commits where it answers true, and undoes all of
   * it otherwise.
   */
  async change(act: (book: OpenBook) => Promise<boolean>): Promise<void> {
    await this.#guarded(() => this.#client.query("begin"));
    try {
      await this.#run(SQL.lock, []);
      const isWanted = await act(await this.read());
      await this.#guarded(() => this.#client.query(isWanted ? "commit" : "rollback"));
    } catch (error) {
      await this.#client.query("rollback").catch(() => {}); // the connection may be what broke
      throw error;
    }
  }

  async setPolicy(policy: Policy, { actor, reason }: Author): Promise<void> {
    await this.#run(SQL.set, [JSON.stringify(policyRow(policy)), actor, reason]);
  }

  async removePolicy(name: string): Promise<boolean> {
    return (await this.#run(SQL.remove, [name])).length > 0;
  }

  /** @param ms null: until it is resumed */
  async pause(tenantId: string, { actor, reason }: Author, ms: number | null): Promise<void> {
    await this.#run(SQL.pause, [tenantId, actor, reason, ms === null ? null : String(ms)]);
  }

  async resume(tenantId: string): Promise<boolean> {
    return (await this.#run(SQL.resume, [tenantId])).length > 0;
  }

  /** Within {@link change}, where the version is the newest. */
  async setGates(version: bigint, gates: ReadonlyMap<string, Admission>): Promise<void> {
    if (gates.size > 0) await this.#run(SET_GATES, gateValues(version, gates));
  }

  async #checkSchema(): Promise<void> {
    const [row] = await this.#run(SQL.version, []);
    const version = Number(row?.version ?? 0);
    if (version >= SCHEMA_VERSION) return;
    const message = `the schema at ${this.#where} has version ${version}, this release needs ${SCHEMA_VERSION}`;
    throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
  }

  async #run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    const query = { text: sql.text, values: [...values], types: AS_TEXT };
    return (await this.#guarded(() => this.#client.query<TextRow>(query))).rows;
  }

  async #guarded<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }
}
