--! compatible
-- Lossy history (design §4): what an operator decides after a halt, and what a lease must not outlive.

-- A lease holds for one run of the server. A restored backup and a promoted standby know the epoch of a relay that still
-- runs; they do not know the start of the server that granted it. NULL while a relay of the release before holds it.
alter table siding.shard add column server_start timestamptz;

-- Events that a recovery found to be in Kafka although they lie behind the cursor: the main line passes them.
create table siding.already_published (
  shard smallint not null,
  seq bigint not null,
  primary key (shard, seq)
);

-- Every decision of an operator after a halt: who, when, why, and the shard's state before and after.
create table siding.recovery (
  recovery_id bigint generated always as identity primary key,
  decided_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz, -- NULL: decided in Postgres, and its number never reached Kafka
  shard smallint not null,
  verdict text not null,
  reason text not null,
  actor text not null,
  database_user text not null default session_user,
  before jsonb not null,
  after jsonb not null
);

create or replace view siding.events with (security_barrier) as
select
  e.event_id,
  e.seq,
  e.tenant_id,
  e.topic,
  e.key,
  e.dedupe_key,
  e.payload::jsonb as payload,
  coalesce(e.headers, '{}'::jsonb) as headers,
  e.created_at,
  case
    when f.dead_batch <= s.promoted_batch then 'dead'
    when siding.is_consumed(e.seq, e.xid, s.cursor) then 'published'
    when exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq) then 'published'
    else 'pending'
  end as status,
  null::text as lane_reason,
  coalesce(f.attempts, 0) as attempts,
  f.last_error,
  e.shard,
  e.content_type,
  e.payload_bytes,
  e.bytes
from siding.event e
join siding.shard s using (shard)
left join siding.failure f using (shard, seq);

create or replace view siding.backlog with (security_barrier) as
select
  p.tenant_id,
  count(*) as pending,
  min(p.created_at) as oldest_created_at,
  null::text as lane_reason,
  null::timestamptz as resume_at
from siding.shard s
cross join lateral (
  select e.tenant_id, e.created_at, e.seq
  from siding.event e
  where e.shard = s.shard
    and e.seq > (s.cursor).position
  union all
  select e.tenant_id, e.created_at, e.seq
  from siding.event e
  where e.shard = s.shard
    and e.seq <= (s.cursor).position
    and e.xid >= pg_snapshot_xmin((s.cursor).snapshot)
    and e.xid < (s.cursor).next_xid
    and not siding.is_consumed(e.seq, e.xid, s.cursor)
) p
where not exists (select from siding.already_published a where a.shard = s.shard and a.seq = p.seq)
group by p.tenant_id;

-- After a dump and restore the rows carry xids of another server. Those that this server has not assigned yet would be
-- taken for its own when it comes to them, so they get one that lies before every snapshot. Called by a recovery after
-- it has read which rows were consumed, with $1 the snapshot that it reads with.
create function siding.forget_foreign_xids(of_snapshot pg_snapshot) returns bigint
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  rewritten bigint;
begin
  update siding.event set xid = '3' where xid >= pg_snapshot_xmin(of_snapshot);
  get diagnostics rewritten = row_count;
  return rewritten;
end
$$;
revoke execute on function siding.forget_foreign_xids(pg_snapshot) from public;
grant execute on function siding.forget_foreign_xids(pg_snapshot) to siding_admin;

grant select on siding.already_published, siding.recovery to siding_relay, siding_admin;
grant delete on siding.already_published to siding_relay;
grant insert, delete on siding.already_published to siding_admin;
grant insert on siding.recovery to siding_admin;
grant update (finished_at) on siding.recovery to siding_admin;
grant update on siding.shard to siding_admin;
grant update (name, kafka_cluster_id, system_identifier, timeline) on siding.deployment to siding_admin;
grant update (dead_batch, dead_at) on siding.failure to siding_admin;

alter table siding.already_published owner to siding_owner;
alter table siding.recovery owner to siding_owner;
alter function siding.forget_foreign_xids(pg_snapshot) owner to siding_owner;
