import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { TOPIC } from "../services/open-world.js";
import { EVENT_BYTES, type LimitedTenant, PADDING_MAX } from "./limited-tenants.js";

const LOOK_MS = 200;
/** Of what a window may hold at most: a tenant that was away for long takes its whole burst at once. */
const WINDOWS_WAITING = 1.5;

const ENQUEUE = `
select siding.enqueue($1, jsonb_build_object('count', n, 'pad', repeat('x', (n * 37) % $2::int)), $3, key => $3)
from generate_series($4::int, $5::int) n order by n`;

/** Sees to it that every tenant always has more to send than its quota lets through. Events of a tenant are numbered from 1. */
export class SteadyBacklog {
  readonly #client: pg.Client;
  readonly #enqueued = new Map<string, number>();
  readonly #least = new Map<string, number>();
  readonly #received: (tenantId: string) => number;
  #isOver = false;
  #ended: Promise<void> = Promise.resolve();

  private constructor(databaseUrl: string, received: (tenantId: string) => number) {
    this.#client = new pg.Client({ connectionString: databaseUrl });
    this.#received = received;
  }

  /** Resolves once all of them wait. @param received how many of a tenant's events have arrived */
  static async start(
    databaseUrl: string,
    tenants: readonly LimitedTenant[],
    received: (tenantId: string) => number,
  ): Promise<SteadyBacklog> {
    const backlog = new SteadyBacklog(databaseUrl, received);
    await backlog.#client.connect();
    await backlog.#fill(tenants);
    backlog.#ended = backlog.#run(tenants);
    backlog.#ended.catch(() => {}); // said by finish(), which awaits it
    return backlog;
  }

  /** The fewest that waited of any tenant, whenever that was looked at. */
  get least(): number {
    return Math.min(...this.#least.values());
  }

  /** Ends it, and answers how many events each tenant has enqueued. */
  async finish(): Promise<ReadonlyMap<string, number>> {
    this.#isOver = true;
    try {
      await this.#ended;
    } finally {
      await this.#client.end();
    }
    return this.#enqueued;
  }

  async #run(tenants: readonly LimitedTenant[]): Promise<void> {
    while (!this.#isOver) {
      await sleep(LOOK_MS);
      for (const { tenantId } of tenants) {
        const waiting = this.#waiting(tenantId);
        this.#least.set(tenantId, Math.min(waiting, this.#least.get(tenantId) ?? waiting));
      }
      await this.#fill(tenants);
    }
  }

  async #fill(tenants: readonly LimitedTenant[]): Promise<void> {
    for (const tenant of tenants) {
      const missing = wanted(tenant) - this.#waiting(tenant.tenantId);
      if (missing <= 0) continue;
      const from = this.#enqueued.get(tenant.tenantId) ?? 0;
      await this.#client.query(ENQUEUE, [TOPIC, PADDING_MAX, tenant.tenantId, from + 1, from + missing]);
      this.#enqueued.set(tenant.tenantId, from + missing);
    }
  }

  #waiting(tenantId: string): number {
    return (this.#enqueued.get(tenantId) ?? 0) - this.#received(tenantId);
  }
}

function wanted({ limits }: LimitedTenant): number {
  const events = limits.map(({ of, amount, burst }) => (amount + burst) / (of === "events" ? 1 : EVENT_BYTES));
  return Math.ceil(WINDOWS_WAITING * Math.min(...events));
}
