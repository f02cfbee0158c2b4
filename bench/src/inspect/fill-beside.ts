import type pg from "pg";
import type { LogSize } from "./fill-log.js";

const LANES = 300;
const JOBS = 5_000;
const AUDIT_ENTRIES = 200_000;

/**
 * What lies beside the log: some hundred tenants wait in lanes, one of the largest for half of the week; every tenant has
 * one event under the same dedupe key; jobs and audit entries as years leave them.
 */
export async function fillBeside(client: pg.Client, { tenants }: LogSize): Promise<void> {
  await client.query(WELCOME, [tenants]);
  await client.query(WAITING, [LANES]);
  await client.query(JOB, [JOBS, tenants]);
  await client.query(JOB_SHARD);
  await client.query(AUDIT, [AUDIT_ENTRIES, tenants]);
}

const WELCOME = `
insert into siding.event (shard, bytes, event_id, tenant_id, dedupe_key, topic, headers, payload, content_type)
select siding.shard_of('tenant-' || n, 4::smallint), 300, siding.new_event_id(), 'tenant-' || n, 'welcome', 'topic-1', '{}', '{}',
  'application/json'
from generate_series(0, $1::int - 1) n
on conflict do nothing`;

const WAITING = `
insert into siding.lane (shard, batch, lane_id, tenant_id, reason, detail, resume_at, probes, cursor)
select s.shard, s.promoted_batch, gen_random_uuid(), 'tenant-' || n, 'quota', '', now() + interval '1 hour', 0,
  row(case when n = 1 then (s.cursor).position / 2 else (s.cursor).position * 99 / 100 end, (s.cursor).snapshot, (s.cursor).next_xid,
    null, null, null)::siding.cursor
from generate_series(1, $1::int) n
join siding.shard s on s.shard = siding.shard_of('tenant-' || n, 4::smallint)`;

const JOB = `
insert into siding.job (kind, tenant_id, topic, actor, reason, created_at)
select case when n % 10 = 0 then 'redrive' else 'replay' end, 'tenant-' || floor($2::int * power(random(), 2)), 'topic-' || n % 20,
  'ops', 'bench', now() - n * interval '1 minute'
from generate_series(1, $1::int) n`;

const JOB_SHARD = `
insert into siding.job_shard (job_id, shard, upto, upto_batch, asked, ended_at)
select j.job_id, s.shard, s.cursor, s.promoted_batch, 100, j.created_at
from siding.job j
join siding.shard s on s.shard = siding.shard_of(j.tenant_id, 4::smallint)`;

const AUDIT = `
insert into siding.audit (at, actor, role, action, reason, tenant_id, subject)
select now() - n * interval '1 minute', 'ops', 'operator', 'tenant.pause', 'bench',
  case when n % 10 > 0 then 'tenant-' || floor($2::int * power(random(), 2)) end, 'bench'
from generate_series($1::int, 1, -1) n`;
