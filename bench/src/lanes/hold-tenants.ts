import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

const LOOK_MS = 100;
/** Of each tenant that is held, so that it has a lane before anything is measured. */
const HELD_EVENTS = 10;

/** No tenant gets a lane for its part of a page: ten of them would all have one. */
const TOGETHER = `
insert into siding.policy (name, pattern, fair_share, actor, reason) values ('together', '*', false, 'bench', 'lanes')`;
const PAUSED = `
insert into siding.pause (tenant_id, actor, reason)
select 'tenant-' || lpad(n::text, 4, '0'), 'bench', 'lanes' from generate_series(0, $1::int - 1) n`;
/** An event a second: the lane moves all the time, and has something waiting all the time. */
const LIMITED = `
insert into siding.policy (name, tenant_id, quota_events, quota_events_window_ms, quota_events_burst, actor, reason)
select 'tenant/' || t.id, t.id, 1, 1000, 1, 'bench', 'lanes'
from generate_series($1::int, $2::int - 1) n
cross join lateral (select 'tenant-' || lpad(n::text, 4, '0') as id) t`;
const EVENTS = `
select siding.enqueue($1, '{}', 'tenant-' || lpad(n::text, 4, '0'))
from generate_series(1, $3::int) m, generate_series(0, $2::int - 1) n`;

/** Half of the first tenants are paused, the other half are over their quotas; each has a few events. */
export async function holdTenants(databaseUrl: string, topic: string, held: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(TOGETHER);
    await client.query(PAUSED, [Math.floor(held / 2)]);
    await client.query(LIMITED, [Math.floor(held / 2), held]);
    await client.query(EVENTS, [topic, held, HELD_EVENTS]);
  } finally {
    await client.end();
  }
}

/** Until a relay has made so many lanes. */
export async function untilLanes(client: pg.Client, lanes: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query("select count(*)::int as n from siding.lanes");
    if (rows[0].n >= lanes) return;
    await delay(LOOK_MS);
  }
}
