import type pg from "pg";

/** One transaction of it: so many rows that its commit costs nothing, so few that nothing waits long for it. */
const ROWS_A_TRANSACTION = 250_000;

/**
 * Rows of the log, numbered from 1, straight into the table. Its indexes are made once they are there, which takes a third
 * of the time.
 */
export async function bulkInsert(
  client: pg.Client,
  events: number,
  say: (line: string) => void,
  insert: (from: number, to: number) => Promise<unknown>,
): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(INDEXES);
  for (const { name } of indexes) await client.query(`drop index siding.${name}`);
  await client.query("alter table siding.event drop constraint event_dedupe");
  for (let from = 0; from < events; from += ROWS_A_TRANSACTION) {
    const to = Math.min(from + ROWS_A_TRANSACTION, events);
    await insert(from + 1, to);
    say(`  ${to} of ${events} events`);
  }
  await client.query("set maintenance_work_mem = '1GB'");
  for (const { name, definition } of indexes) {
    await client.query(definition);
    say(`  ${name}`);
  }
  await client.query("alter table siding.event add constraint event_dedupe unique (dedupe_key, tenant_id)");
}

/** Those that no constraint needs. */
const INDEXES = `
select c.relname as name, pg_get_indexdef(c.oid) as definition
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'siding.event'::regclass and not exists (select from pg_constraint k where k.conindid = c.oid)
order by 1`;
