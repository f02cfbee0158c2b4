import { type InspectionOptions, InspectionSession } from "./inspection-session.js";
import { statement } from "./sql-file.js";

/** How much waits, and for how long: of all tenants or of one. */
export interface Load {
  /** Counted no further than asked. */
  readonly pending: bigint;
  readonly dead: bigint;
  /** Age of the oldest pending event; null where none is pending. */
  readonly lagMs: number | null;
  readonly halted: readonly { readonly shard: number; readonly reason: string }[];
}

export interface LoadOptions extends InspectionOptions {
  readonly tenantId: string | undefined;
  /** How far to count, so that a probe stays cheap beside any backlog. */
  readonly pendingMax: bigint;
  readonly deadMax: bigint;
}

const SQL = {
  pending: statement("check-pending"),
  dead: statement("check-dead"),
  lag: statement("check-lag"),
};

/**
 * Reads what `siding check` holds against its limits, all at one moment.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_*, SIDING_USAGE
 */
export async function readLoad(options: LoadOptions): Promise<Load> {
  const { tenantId, pendingMax, deadMax } = options;
  return InspectionSession.during(options, (session) =>
    session.atOneMoment(async () => {
      const shards = await session.shards(tenantId);
      const tenant = tenantId ?? null;
      const [pending] = await session.run(SQL.pending, [tenant, String(pendingMax)]);
      const [dead] = await session.run(SQL.dead, [tenant, String(deadMax)]);
      const [lag] = await session.run(SQL.lag, [tenant]);
      return {
        pending: BigInt(pending!.pending!),
        dead: BigInt(dead!.dead!),
        lagMs: lag!.lag_ms == null ? null : Math.max(0, Number(lag!.lag_ms)),
        halted: shards.flatMap(({ shard, haltedReason: reason }) => (reason === null ? [] : [{ shard, reason }])),
      };
    }),
  );
}
