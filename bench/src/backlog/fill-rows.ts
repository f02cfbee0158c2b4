import pg from "pg";
import { bulkInsert } from "../events/bulk-insert.js";

export interface RowsSpec {
  readonly events: number;
  readonly tenants: number;
  readonly topic: string;
}

/** Bytes of JSON of each event, about: what is measured is how much lies there, not how large it is. */
export const ROW_PAYLOAD_BYTES = 100;

/** A backlog of small events, tenant by tenant in turn. Answers the first event's seq. */
export async function fillRows(databaseUrl: string, spec: RowsSpec, say: (line: string) => void): Promise<number> {
  const { events, tenants, topic } = spec;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("set synchronous_commit = off");
    await bulkInsert(client, events, say, (from, to) => client.query(ROWS, [from, to, tenants, topic]));
    await client.query("vacuum analyze siding.event");
    // Whoever is measured next should not pay for writing these pages out.
    await client.query("checkpoint");
    const { rows } = await client.query("select min(seq)::int as first from siding.event");
    return rows[0].first;
  } finally {
    await client.end();
  }
}

const ROWS = `
insert into siding.event (shard, bytes, event_id, tenant_id, dedupe_key, topic, payload, content_type)
select siding.shard_of(t.tenant_id, (select shards from siding.deployment)),
  octet_length(p.payload) + octet_length(t.tenant_id || ':' || i.id), i.id, t.tenant_id, i.id::text, $4, p.payload,
  'application/json'
from generate_series($1::int, $2::int) n
cross join lateral (select (lpad(to_hex(n), 12, '0') || substr(md5(n::text), 1, 20))::uuid as id) i
cross join lateral (select 'tenant-' || n % $3::int as tenant_id) t
cross join lateral (
  select '{"id": ' || n || ', "note": "' || md5(n::text) || '", "total": 9900, "status": "placed", "currency": "EUR"}' as payload
) p
order by n`;
