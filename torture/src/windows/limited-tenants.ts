import pg from "pg";

export interface WindowLimit {
  readonly of: "events" | "bytes";
  readonly amount: number;
  readonly windowMs: number;
  readonly burst: number;
}

export interface LimitedTenant {
  readonly tenantId: string;
  readonly limits: readonly WindowLimit[];
}

/** Payloads are of any size up to this. */
export const PADDING_MAX = 300;
/** About, with the key and what is around the padding. */
export const EVENT_BYTES = 200;

const limit = (of: WindowLimit["of"], amount: number, seconds: number, burst = amount): WindowLimit => ({
  ...{ of, amount, burst },
  windowMs: seconds * 1_000,
});

/**
 * Short windows, so that many slide by; and long ones, which hold several takeovers each: a state that one of them forgot
 * gives a burst, and only a window with more of those than its bound has room for shows it.
 */
export const LIMITED_TENANTS: readonly LimitedTenant[] = [
  { tenantId: "events-2s", limits: [limit("events", 40, 2)] },
  { tenantId: "events-10s", limits: [limit("events", 100, 10)] },
  { tenantId: "events-20s-little-burst", limits: [limit("events", 200, 20, 100)] },
  { tenantId: "bytes-2s", limits: [limit("bytes", 8_000, 2)] },
  { tenantId: "bytes-10s", limits: [limit("bytes", 20_000, 10)] },
  { tenantId: "both-15s", limits: [limit("events", 150, 15), limit("bytes", 30_000, 15)] },
];

const POLICY = `
insert into siding.policy (name, tenant_id, quota_events, quota_events_window_ms, quota_events_burst,
  quota_bytes, quota_bytes_window_ms, quota_bytes_burst, actor, reason)
values ('tenant/' || $1, $1, $2, $3, $4, $5, $6, $7, 'torture', 'windows are counted')`;

/** Lays their quotas down as policies of their own. */
export async function limitTenants(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const { tenantId, limits } of LIMITED_TENANTS) {
      const values = (of: WindowLimit["of"]) => {
        const found = limits.find((each) => each.of === of);
        return [found?.amount ?? null, found?.windowMs ?? null, found?.burst ?? null];
      };
      await client.query(POLICY, [tenantId, ...values("events"), ...values("bytes")]);
    }
  } finally {
    await client.end();
  }
}
