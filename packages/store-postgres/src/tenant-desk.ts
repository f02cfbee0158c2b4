import { SidingError } from "@siding/core/errors.js";
import { NOTHING_SAID, type Policy, type PolicyFields, type PolicySettings } from "@siding/core/policy/policy.js";
import { PolicyCache } from "@siding/core/policy/policy-cache.js";
import type { PolicyBook } from "@siding/core/ports/policy-source.js";
import { UNUSED } from "@siding/core/quota/limit.js";
import type { QuotaState } from "@siding/core/quota/quota.js";
import type pg from "pg";
import { type TextRow, withAdminSession } from "./admin-session.js";
import { statementsOn } from "./admin-statements.js";
import type { Author } from "./author.js";
import { asStoreError } from "./connection.js";
import { gateValues, readBookOn, SET_GATES } from "./policy-book.js";
import { type PolicyAuthor, policyRow } from "./policy-row.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

/** The policies and who laid them down, as one moment saw them. */
export interface OpenBook extends PolicyBook {
  /** Postgres' clock, in ms since 1970. */
  readonly nowMs: number;
  readonly authors: ReadonlyMap<string, PolicyAuthor>;
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
/**
 * The log's indexes serve these lists; statistics must not choose to read it whole. Local: a connection of a pool is for
 * other statements as well.
 */
const SETTINGS = [
  "set local timezone = 'UTC'",
  ...["jit", "enable_sort", "enable_seqscan", "enable_bitmapscan"].map((setting) => `set local ${setting} = off`),
].join("; ");
/** Tenants whose gates one change brings in line; a relay sees to those beyond when it meets them. */
const TENANTS_MAX = 100_000;

/** Opens a desk on a connection of an operator's command for `use`, and closes it. @throws SIDING_STORE_*, SIDING_SCHEMA_* */
export async function withTenantDesk<T>(databaseUrl: string, use: (desk: TenantDesk) => Promise<T>): Promise<T> {
  const settings = `set statement_timeout = ${STATEMENT_TIMEOUT_MS}`;
  return withAdminSession({ databaseUrl, name: "siding-tenants", settings }, async (client, where) => {
    const desk = new TenantDesk(client, where);
    await desk.checkSchema();
    return use(desk);
  });
}

/**
 * Where an operator lays down what holds for tenants. Each change is in the audit, in its own transaction.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_* from every method
 */
export class TenantDesk {
  readonly #client: pg.ClientBase;
  readonly #where: string;

  /** @param client in the role siding_admin, and whoever made it ends it */
  constructor(client: pg.ClientBase, where: string) {
    this.#client = client;
    this.#where = where;
  }

  async read(): Promise<OpenBook> {
    const { book, authors, nowMs } = await this.#guarded(() => readBookOn(this.#client));
    return { ...book, authors, nowMs };
  }

  /** Tenants with events in the log, in the order of their names, behind one of them. */
  async inLog(behind: string | null, most: number): Promise<readonly string[]> {
    return (await this.#run(SQL.inLog, [behind, most])).map((row) => row.tenant_id!);
  }

  /** Names in the database's own order, behind one of them: a list over several sources goes by it. */
  async inNameOrder(names: readonly string[], behind: string | null): Promise<readonly string[]> {
    return (await this.#run(SQL.inOrder, [[...names], behind])).map((row) => row.tenant_id!);
  }

  /** By tenant, of each that is asked about. */
  async usage(tenantIds: readonly string[], pendingMax: bigint): Promise<ReadonlyMap<string, TenantUsage>> {
    const rows = await this.#run(SQL.usage, [[...tenantIds], String(pendingMax)]);
    return new Map(rows.map((row) => [row.tenant_id!, parseUsage(row)]));
  }

  /** Lets `look` see one moment, and change nothing. */
  async atOneMoment<T>(look: () => Promise<T>): Promise<T> {
    return this.#during("begin isolation level repeatable read read only", async () => ({
      answer: await look(),
      isKept: false,
    }));
  }

  /**
   * Runs `act` in one transaction in which nobody else changes policies, and brings enqueue's gates in line with what it
   * did. Undone where it throws, and where it is not to be kept.
   */
  async change<T>(
    { defaults, isKept }: { readonly defaults: PolicyFields; readonly isKept: boolean },
    act: (book: OpenBook) => Promise<T>,
  ): Promise<T> {
    // Not of one moment: what is read behind the lock is what whoever held it has committed.
    return this.#during("begin isolation level read committed", async () => {
      await this.#run(SQL.lock, []);
      const before = await this.read();
      const answer = await act(before);
      await this.#alignGates(before, defaults);
      return { answer, isKept };
    });
  }

  async setPolicy(policy: Policy, { actor, reason, role }: Author): Promise<void> {
    await this.#run(SQL.set, [JSON.stringify(policyRow(policy)), actor, reason, role]);
  }

  /** Lays a tenant's own policy down, or changes what it says; one that says nothing any more goes. */
  async say(
    tenantId: string,
    said: Partial<PolicySettings>,
    { policies }: Pick<OpenBook, "policies">,
    author: Author,
  ): Promise<void> {
    const name = `tenant/${tenantId}`;
    const before = policies.find((policy) => policy.name === name);
    const settings = { ...(before?.settings ?? NOTHING_SAID), ...said };
    if (Object.values(settings).every((value) => value === null)) await this.removePolicy(name, author);
    else await this.setPolicy({ name, match: { kind: "tenant", tenantId }, priority: 0, settings }, author);
  }

  async removePolicy(name: string, { actor, reason, role }: Author): Promise<boolean> {
    return (await this.#run(SQL.remove, [name, actor, reason, role])).length > 0;
  }

  /** @param untilMs by Postgres' clock; null: until it is resumed */
  async pause(tenantId: string, { actor, reason, role }: Author, untilMs: number | null): Promise<void> {
    const until = untilMs === null ? null : new Date(untilMs).toISOString();
    await this.#run(SQL.pause, [tenantId, actor, reason, role, until]);
  }

  /** @returns whether it was paused */
  async resume(tenantId: string, { actor, reason, role }: Author): Promise<boolean> {
    return (await this.#run(SQL.resume, [tenantId, actor, reason, role])).length > 0;
  }

  /** @throws SIDING_SCHEMA_OUTDATED */
  async checkSchema(): Promise<void> {
    const [row] = await this.#run(SQL.version, []);
    const version = Number(row?.version ?? 0);
    if (version >= SCHEMA_VERSION) return;
    const message = `the schema at ${this.#where} has version ${version}, this release needs ${SCHEMA_VERSION}`;
    throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
  }

  async #alignGates(before: OpenBook, defaults: PolicyFields): Promise<void> {
    const after = await this.read();
    if (after.version === before.version) return;
    const cache = new PolicyCache(defaults);
    cache.refresh(after.nowMs, after);
    // What speaks of tenants by pattern or percentage holds from now on for those that have events; later ones when a relay
    // meets them.
    if (broadGates(after) !== broadGates(before)) {
      for (const tenantId of await this.inLog(null, TENANTS_MAX)) cache.of(tenantId);
    }
    const gates = cache.gatesAmiss();
    if (gates.size > 0) await this.#run(SET_GATES, gateValues(after.version, gates));
  }

  async #during<T>(begin: string, act: () => Promise<{ readonly answer: T; readonly isKept: boolean }>): Promise<T> {
    await this.#guarded(() => this.#client.query(`${begin}; ${SETTINGS}`));
    try {
      const { answer, isKept } = await act();
      await this.#guarded(() => this.#client.query(isKept ? "commit" : "rollback"));
      return answer;
    } catch (error) {
      await this.#client.query("rollback").catch(() => {}); // the connection may be what broke
      throw error;
    }
  }

  #run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    return statementsOn(this.#client, this.#where).run(sql, values);
  }

  #guarded<T>(ask: () => Promise<T>): Promise<T> {
    return asStoreError(this.#where, ask);
  }
}

function parseUsage(row: TextRow): TenantUsage {
  const { lag_ms: lagMs, lane_reason: reason, lane_detail: detail, resume_at: resumeAt } = row;
  return {
    pending: BigInt(row.pending!),
    lagMs: lagMs == null ? null : Math.max(0, Number(lagMs)),
    lane: reason == null ? null : { reason, detail: detail ?? "", resumeAt: resumeAt ?? null },
    used: {
      events: row.events_until == null ? UNUSED : BigInt(row.events_until),
      bytes: row.bytes_until == null ? UNUSED : BigInt(row.bytes_until),
    },
  };
}

/** What policies for many tenants say of gates: equal where they say the same. */
function broadGates({ policies }: OpenBook): string {
  const broad = policies.filter(({ match }) => match.kind !== "tenant");
  return JSON.stringify(
    broad.map(({ name, match, priority, settings: { backlogMax, backpressure, blocked } }) => [
      name,
      match,
      priority,
      backlogMax,
      backpressure,
      blocked,
    ]),
  );
}
