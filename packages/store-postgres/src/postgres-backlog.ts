import type { Connections } from "./connection.js";
import { statement } from "./sql-file.js";

/** What waits of one tenant, late and held events among it. */
export interface TenantBacklog {
  readonly tenantId: string;
  readonly events: number;
  readonly oldestAgeMs: number;
}

const READ_BACKLOG = statement("read-backlog");
/** A hundred thousand rows take Postgres some 50 ms; beyond them the count says "at least". */
const ROWS_COUNTED_MAX = 100_000;
const TENANTS_MAX = 10_000;

/** The backlog of the shards that one relay owns, for its metrics. */
export class PostgresBacklog {
  readonly #connections: Connections;
  readonly #relayId: string;

  constructor(connections: Connections, relayId: string) {
    this.#connections = connections;
    this.#relayId = relayId;
  }

  /** Largest first. @throws SIDING_STORE_* */
  async read(): Promise<readonly TenantBacklog[]> {
    const rows = await this.#connections.run(READ_BACKLOG, [this.#relayId, ROWS_COUNTED_MAX, TENANTS_MAX]);
    return rows.map(([tenantId, events, ageMs]) => ({
      tenantId: tenantId!,
      events: Number(events),
      oldestAgeMs: Math.max(0, Number(ageMs)),
    }));
  }
}
