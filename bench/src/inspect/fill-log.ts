import pg from "pg";
import { bulkInsert } from "../events/bulk-insert.js";
import { fillBeside } from "./fill-beside.js";

export interface LogSize {
  readonly events: number;
  readonly tenants: number;
}

/** Events that no cursor has passed yet, and events that Kafka refused for good, of a hundred. */
const PENDING_SHARE = 0.01;
const DEAD_EVERY = 100;

/**
 * Fills the log as a week of uneven tenants leaves it: the largest has some percent of all events, the smallest a few; one
 * topic is rare; half of the events have a key, which five share, and a twentieth has one that all tenants have; what the
 * cursors have passed is published, but for dead letters.
 */
export async function fillLog(
  databaseUrl: string,
  { events, tenants }: LogSize,
  say: (line: string) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("set synchronous_commit = off");
    await bulkInsert(client, events, say, (from, to) => client.query(ROWS, [from, to, tenants, events]));
    await client.query(DEAD, [DEAD_EVERY]);
    await client.query(PASSED, [Math.floor(events * (1 - PENDING_SHARE))]);
    await fillBeside(client, { events, tenants });
    await client.query("vacuum analyze");
  } finally {
    await client.end();
  }
}

const ROWS = `
insert into siding.event (shard, bytes, created_at, event_id, tenant_id, dedupe_key, topic, key, headers, payload, content_type)
select siding.shard_of(t.tenant_id, 4::smallint), 300,
  now() - interval '7 days' * (1 - n::float / $4::int),
  i.id, t.tenant_id, case when n % 2 = 0 then 'order-' || n else i.id::text end,
  case when n % 100000 = 0 then 'rare' else 'topic-' || n % 20 end,
  case when n % 2 = 0 then 'order-' || n / 10 when n % 20 = 3 then 'common' end,
  '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}',
  '{"order": ' || n || ', "total": 9900, "currency": "EUR", "lines": [{"sku": "a-1", "count": 2}, {"sku": "b-2", "count": 1}]}',
  'application/json'
from generate_series($1::int, $2::int) n
cross join lateral (select lpad(to_hex(n), 12, '0') || substr(md5(n::text), 1, 20) as hex) h
cross join lateral (select h.hex::uuid as id) i
cross join lateral (
  select 'tenant-' || floor($3::int * power((n::bigint * 2654435761 % 4294967296) / 4294967296.0, 2)) as tenant_id
) t
order by n`;

const DEAD = `
insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
select shard, seq, 5, 'Broker: cause ' || seq % 7 || ' of ' || seq, 'broker: cause ' || seq % 7 || ' of #', created_at, 0, created_at
from siding.event
where seq % $1::int = 0
on conflict do nothing`;

const PASSED = `
update siding.shard
set cursor = row($1::bigint, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`;
