import { setMaxListeners } from "node:events";
import type { Clock, Random } from "@siding/core/ports/clock.js";
import { describeServer, storeError } from "@siding/store-postgres/connection.js";
import pg from "pg";
import type { Checker } from "./checker.js";
import { drawTransaction } from "./draw-transaction.js";
import { type PlacementEnd, placeOrder } from "./place-order.js";
import { SAMPLE_TENANTS, type SampleTenant } from "./sample-tenants.js";

export interface WorkloadOptions {
  readonly databaseUrl: string;
  readonly run: string;
  readonly checker: Checker;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (text: string) => void;
  /** Postgres has not answered for so long that there is nothing left to check. */
  readonly fail: (error: unknown) => void;
}

const CONNECTIONS = 12;
/** Transactions of one tenant at a time: enough to meet on a row, few enough to leave connections to the others. */
const TENANT_CONCURRENCY = 3;
const RETRY_MS = 500;
const GIVE_UP_MS = 15_000;
const QUERY_TIMEOUT_MS = 10_000;
const IN_DOUBT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 3_000;

/** The sample application: each tenant begins transactions at its own rate, at random moments. */
export class Workload {
  readonly pool: pg.Pool;
  repeatedEnqueues = 0;
  readonly #options: WorkloadOptions;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #inDoubt: Extract<PlacementEnd, { kind: "unknown" }>[] = [];
  #failingSinceMs: number | null = null;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.pool = new pg.Pool({
      connectionString: options.databaseUrl,
      max: CONNECTIONS,
      connectionTimeoutMillis: QUERY_TIMEOUT_MS,
      statement_timeout: QUERY_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS + 2_000,
      application_name: "siding-dev",
    });
    setMaxListeners(0, this.#stop.signal); // one for each tenant that sleeps, which Node takes for a leak
    this.pool.on("error", () => {}); // the next query on a new connection says it
    // One that breaks in a transaction says so to the query under way as well; without a listener it would end the process.
    this.pool.on("connect", (client) => void client.on("error", () => {}));
  }

  start(): void {
    for (const tenant of SAMPLE_TENANTS) this.#track(this.#runTenant(tenant));
  }

  /** Begins nothing more, and resolves once every transaction has ended and those in doubt are settled. */
  async stop(): Promise<void> {
    this.#stop.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
    await this.#settleInDoubt();
  }

  /** Ends the connections, whether or not {@link stop} was called: an open transaction is rolled back by that. */
  async close(): Promise<void> {
    this.#stop.abort();
    const ended = Promise.all(this.#running).then(() => this.pool.end());
    await Promise.race([ended, this.#options.clock.sleep(CLOSE_TIMEOUT_MS)]);
  }

  async #runTenant({ tenantId, transactionsPerSecond }: SampleTenant): Promise<void> {
    const { clock, random } = this.#options;
    let underWay = 0;
    while (!this.#stop.signal.aborted) {
      await clock.sleep((-Math.log(1 - random()) * 1000) / transactionsPerSecond, this.#stop.signal);
      // A database that is slower than this tenant gets less, instead of an ever longer queue.
      if (this.#stop.signal.aborted || underWay >= TENANT_CONCURRENCY) continue;
      underWay += 1;
      this.#track(this.#transact(tenantId).finally(() => (underWay -= 1)));
    }
  }

  async #transact(tenantId: string): Promise<void> {
    const { clock, checker, run, random, warn } = this.#options;
    try {
      const client = await this.pool.connect();
      let isBroken = true;
      try {
        const end = await placeOrder({ client, checker, clock, run, tenantId, draw: drawTransaction(random) });
        if (end.kind === "unknown") {
          this.#inDoubt.push(end);
          throw end.error;
        }
        if (end.kind === "committed") this.repeatedEnqueues += end.repeats;
        isBroken = false;
      } finally {
        client.release(isBroken);
      }
      this.#failingSinceMs = null;
    } catch (error) {
      const known = storeError(error, describeServer(this.#options.databaseUrl));
      const now = clock.monotonicMs();
      this.#failingSinceMs ??= now;
      if (now - this.#failingSinceMs > GIVE_UP_MS || known.retry === "never") this.#options.fail(known);
      else warn(`sample transaction: ${known.message}`);
      await clock.sleep(RETRY_MS, this.#stop.signal);
    }
  }

  /** A COMMIT without an answer happened or did not: Postgres itself is asked, never assumed. */
  async #settleInDoubt(): Promise<void> {
    const { checker, clock, databaseUrl } = this.#options;
    const deadline = clock.monotonicMs() + IN_DOUBT_TIMEOUT_MS;
    for (const { xid, eventIds } of this.#inDoubt) {
      for (;;) {
        const status = await this.#statusOf(xid).catch((error: unknown) =>
          storeError(error, describeServer(databaseUrl)),
        );
        if (status === "committed") checker.committed(eventIds);
        else if (status === "aborted") checker.rolledBack(eventIds);
        else if (clock.monotonicMs() < deadline) {
          await clock.sleep(RETRY_MS);
          continue;
        } else throw typeof status === "string" ? new Error(`transaction ${xid} is ${status} still`) : status;
        break;
      }
    }
    this.#inDoubt = [];
  }

  async #statusOf(xid: string): Promise<string> {
    const { rows } = await this.pool.query("select pg_xact_status($1::xid8) as status", [xid]);
    return String(rows[0].status);
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
