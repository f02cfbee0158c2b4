import type { Retention, TrimStep } from "@siding/core/ports/retention.js";
import type { Lease } from "@siding/core/ports/store.js";
import type { Connections } from "./connection.js";
import { statement } from "./sql-file.js";

const SQL = {
  floor: statement("retention-floor"),
  jobs: statement("retention-jobs"),
  trim: statement("retention-trim"),
};

/** Retention on a real Postgres. */
export class PostgresRetention implements Retention {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async raiseFloor({ shard, epoch }: Lease, retentionMs: number): Promise<boolean> {
    return (await this.#connections.run(SQL.floor, [shard, String(epoch), retentionMs])).length > 0;
  }

  async forgetJobs({ shard, epoch }: Lease, retentionMs: number): Promise<void> {
    await this.#connections.run(SQL.jobs, [shard, String(epoch), retentionMs]);
  }

  async trim(
    { shard, epoch }: Lease,
    { retentionMs, behind, rowsMax }: TrimStep,
  ): Promise<{ deleted: number; next: bigint | null } | null> {
    const [row] = await this.#connections.run(SQL.trim, [shard, String(epoch), String(behind), rowsMax, retentionMs]);
    if (row === undefined) return null;
    return { deleted: Number(row[0]), next: row[1] == null ? null : BigInt(row[1]) };
  }
}
