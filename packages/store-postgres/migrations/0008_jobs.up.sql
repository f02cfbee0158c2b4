--! breaking
-- Replays and redrives as jobs (design §3; docs/decisions/0012-jobs.md). What a job asks for is fixed when it is made: by the
-- cursors of that moment, not by a list of events. How far it is moves as lanes do: a plan adds a row, its promotion makes the
-- row stand, its discard takes it away.
-- Breaking: a relay of the release before would discard a plan and leave the job's step behind.

create table siding.job (
  job_id uuid primary key default siding.new_event_id(),
  kind text not null check (kind in ('replay', 'redrive', 'discard')),
  tenant_id text, -- NULL: any, and so with all that follow
  topic text,
  key text,
  dedupe_key text,
  event_ids uuid[],
  status text check (status in ('pending', 'published', 'dead')),
  since timestamptz,
  until timestamptz,
  events_per_second integer check (events_per_second > 0), -- NULL: as fast as live traffic lets it
  actor text not null,
  reason text not null,
  created_at timestamptz not null default clock_timestamp(),
  cancelled_at timestamptz,
  cancelled_by text,
  cancel_reason text,
  constraint job_cancelled_whole check ((cancelled_at is null) = (cancelled_by is null))
);

-- A job's part of one shard, and how the shard stood when the job was made: the job's upper bound.
create table siding.job_shard (
  job_id uuid not null references siding.job on delete cascade,
  shard smallint not null,
  upto siding.cursor not null,
  upto_batch bigint not null,
  seqs bigint[], -- what ids or a dedupe key named; NULL: found by the filter
  asked bigint not null default 0, -- how many events it is to publish or to rule on
  asked_waiting bigint not null default 0, -- how many it found in lanes
  ended_at timestamptz,
  constraint job_shard_pkey primary key (job_id, shard) -- read by whoever asks what a job is about, and how far it is
);
-- read by a relay that looks for work: the few that are open
create index job_shard_open on siding.job_shard (shard) where ended_at is null;

-- The lanes as they stood when the job was made: what they held was not published then.
create table siding.job_lane (
  job_id uuid not null references siding.job on delete cascade,
  shard smallint not null,
  tenant_id text,
  topic text,
  key text,
  seq bigint,
  cursor siding.cursor not null
);
-- read by siding.job_line_of: which of them may have carried an event
create index job_lane_by_filter on siding.job_lane (job_id, shard, tenant_id, topic);

-- How far a job is in a shard, under the batch that took it there. Counts are sums since its start.
create table siding.job_progress (
  shard smallint not null,
  batch bigint not null,
  job_id uuid not null references siding.job on delete cascade,
  position bigint not null,
  replayed bigint not null,
  redriven bigint not null,
  discarded bigint not null,
  waiting bigint not null,
  failed bigint not null,
  last_error text,
  is_end boolean not null,
  redriven_seqs bigint[] not null, -- the batch's own until its promotion: dead letters that are published with it
  discarded_seqs bigint[] not null, -- and those that it rules on
  constraint job_progress_pkey primary key (shard, batch, job_id) -- read by promotion and discard: what a batch made
) with (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);
-- read by whoever asks how far a job is
create index job_progress_by_job on siding.job_progress (job_id, shard, batch);

-- A dead letter that was ruled on stays dead, since Kafka never had it, and waits for nobody any more.
alter table siding.failure add column discarded_by uuid;

-- Dead letters that were published after all: no job that was made before replays them.
create table siding.redriven (
  shard smallint not null,
  seq bigint not null,
  batch bigint, -- NULL: one without a number, as at-least-once makes them
  asked_at timestamptz not null, -- it is in Kafka from then on at the earliest
  at timestamptz not null, -- retention counts from it
  counted timestamptz, -- the minute of siding.published_span that counts it; NULL: none does
  constraint redriven_pkey primary key (shard, seq) -- read by siding.job_asks, and by retention, which lets them go with their events
);

-- The lane that carried an event when the job was made, as siding.line_of finds one. No row: the main line did.
create function siding.job_line_of(of_job uuid, of_shard smallint, of_tenant text, of_topic text, of_key text, of_seq bigint)
  returns siding.cursor
  language sql stable
return (
  select line.cursor
  from (
    select l.* from siding.job_lane l
    where l.job_id = of_job and l.shard = of_shard and l.tenant_id = of_tenant and (l.topic is null or l.topic = of_topic)
    union all
    select l.* from siding.job_lane l
    where l.job_id = of_job and l.shard = of_shard and l.tenant_id is null and l.topic = of_topic
  ) line
  where (line.key is null or line.key = of_key) and (line.seq is null or line.seq = of_seq)
  order by num_nonnulls(line.key, line.seq) desc, num_nonnulls(line.tenant_id, line.topic) desc, line.tenant_id nulls last
  limit 1
);

-- What a job asks for behind a seq, in the order of the log, and what is to be done with it. A NULL act was looked at and is not
-- asked for: the last row says how far the look went. At most `look` rows are looked at; NULL: all.
-- Each kind of filter has a branch of its own, read along its index.
--   replay   published when the job was made: goes out once more
--   redrive  a dead letter then and now: goes out for the first time
--   discard  the same, ruled on without going out
--   wait     neither: a lane holds it, and it goes by itself
create function siding.job_asks(of_job uuid, of_shard smallint, behind bigint, look bigint)
  returns table (seq bigint, act text)
  language sql stable
as $$
  select e.seq,
    case
      when (j.tenant_id is null or e.tenant_id = j.tenant_id)
        and (j.topic is null or e.topic = j.topic)
        and (j.key is null or e.key = j.key)
        and (j.dedupe_key is null or e.dedupe_key = j.dedupe_key)
        and (j.since is null or e.created_at >= j.since)
        and (j.until is null or e.created_at < j.until)
        and siding.is_consumed(e.seq, e.xid, s.upto)
      then case
        when f.dead_batch is not null and f.dead_batch <= s.upto_batch then case
          when f.discarded_by is not null then null
          -- Without plans all of them carry one number.
          when f.dead_batch = s.upto_batch and f.dead_at > j.created_at then null
          when j.kind = 'discard' then 'discard'
          when j.kind = 'redrive' or j.status = 'dead' or j.status is null then 'redrive'
        end
        when j.kind <> 'replay' or j.status = 'dead' or coalesce(r.batch > s.upto_batch, r.at > j.created_at) then null
        when not l.are_there or siding.is_consumed(e.seq, e.xid,
          coalesce(siding.job_line_of(of_job, of_shard, e.tenant_id, e.topic, e.key, e.seq), s.upto))
        then case when j.status is distinct from 'pending' then 'replay' end
        else case when j.status is distinct from 'published' then 'wait' end
      end
    end
  from siding.job j
  join siding.job_shard s on s.job_id = j.job_id and s.shard = of_shard
  -- Asked once and not of every row: most jobs find no lane.
  cross join lateral (
    select exists (select from siding.job_lane o where o.job_id = of_job and o.shard = of_shard) as are_there offset 0
  ) l
  cross join lateral (
    (
      select t.* from siding.event t
      where s.seqs is not null and t.shard = of_shard and t.seq = any (s.seqs) and t.seq > behind
      order by t.shard, t.seq limit look
    )
    union all
    (
      select t.* from siding.failure d join siding.event t on t.shard = d.shard and t.seq = d.seq
      where s.seqs is null and (j.kind <> 'replay' or j.status = 'dead')
        and d.shard = of_shard and d.seq > behind and d.dead_batch is not null
      order by d.shard, d.seq limit look
    )
    union all
    (
      select t.* from siding.event t
      where s.seqs is null and j.kind = 'replay' and j.status is distinct from 'dead' and j.key is not null
        and hashtextextended(t.key, 0) = hashtextextended(j.key, 0)
        and t.seq > behind and t.seq <= (s.upto).position and t.shard = of_shard
      order by hashtextextended(t.key, 0), t.seq limit look
    )
    union all
    (
      select t.* from siding.event t
      where s.seqs is null and j.kind = 'replay' and j.status is distinct from 'dead' and j.key is null and j.tenant_id is not null
        and t.tenant_id = j.tenant_id and t.seq > behind and t.seq <= (s.upto).position and t.shard = of_shard
      order by t.tenant_id, t.seq limit look
    )
    union all
    (
      select t.* from siding.event t
      where s.seqs is null and j.kind = 'replay' and j.status is distinct from 'dead' and j.key is null and j.tenant_id is null
        and j.topic is not null
        and t.topic = j.topic and t.seq > behind and t.seq <= (s.upto).position and t.shard = of_shard
      order by t.topic, t.seq limit look
    )
    union all
    (
      select t.* from siding.event t
      where s.seqs is null and j.kind = 'replay' and j.status is distinct from 'dead' and j.key is null and j.tenant_id is null
        and j.topic is null
        and t.shard = of_shard and t.seq > behind and t.seq <= (s.upto).position
      order by t.shard, t.seq limit look
    )
  ) e
  left join siding.failure f on f.shard = of_shard and f.seq = e.seq
  left join siding.redriven r on r.shard = of_shard and r.seq = e.seq
  where j.job_id = of_job
$$;

-- What a batch makes of a job: a job's step as the relay gives it.
create function siding.lay_job(of_shard smallint, of_batch bigint, step jsonb) returns void
  language sql
  set search_path = pg_catalog, pg_temp
as $$
  insert into siding.job_progress as p
    (shard, batch, job_id, position, replayed, redriven, discarded, waiting, failed, last_error, is_end, redriven_seqs, discarded_seqs)
  select of_shard, of_batch, s.job_id, s.position, s.replayed, s.redriven, s.discarded, s.waiting, s.failed, s.last_error, s.is_end,
    s.redriven_seqs, s.discarded_seqs
  from jsonb_to_record(step) as s (job_id uuid, position bigint, replayed bigint, redriven bigint, discarded bigint,
    waiting bigint, failed bigint, last_error text, is_end boolean, redriven_seqs bigint[], discarded_seqs bigint[])
  on conflict (shard, batch, job_id) do update
  set position = excluded.position, replayed = excluded.replayed, redriven = excluded.redriven, discarded = excluded.discarded,
    waiting = excluded.waiting, failed = excluded.failed, last_error = excluded.last_error, is_end = excluded.is_end,
    redriven_seqs = excluded.redriven_seqs, discarded_seqs = excluded.discarded_seqs
$$;

-- What a batch's steps ruled on dead letters takes effect: those that it published are dead no more. Once: without plans a step
-- stays under the same number, and what it redrove may have died again. numbered: the batch, or NULL where it has no number.
create function siding.rule_on_dead(of_shard smallint, of_batch bigint, numbered bigint) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  with gone as (
    delete from siding.failure f
    using siding.job_progress n, siding.job j
    where n.shard = of_shard and n.batch = of_batch and j.job_id = n.job_id and f.shard = n.shard
      and f.seq = any (n.redriven_seqs)
    returning f.seq, j.created_at
  )
  insert into siding.redriven (shard, seq, batch, asked_at, at, counted)
  select of_shard, gone.seq, numbered, gone.created_at, clock_timestamp(),
    -- The batch's sums were added to it just before; the clock may have struck since.
    (select max(s.minute) from siding.published_span s where s.shard = of_shard)
  from gone
  on conflict (shard, seq) do update
  set batch = excluded.batch, asked_at = excluded.asked_at, at = excluded.at, counted = excluded.counted;
  update siding.failure f
  set discarded_by = n.job_id
  from siding.job_progress n
  where n.shard = of_shard and n.batch = of_batch and f.shard = n.shard and f.seq = any (n.discarded_seqs);
  update siding.job_progress n
  set redriven_seqs = '{}', discarded_seqs = '{}'
  where n.shard = of_shard and n.batch = of_batch and cardinality(n.redriven_seqs) + cardinality(n.discarded_seqs) > 0;
end
$$;

-- Batch n stands: what its rows replace goes, and its steps take effect.
create or replace function siding.promote_lines(of_shard smallint, promoted bigint) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- As an array, which any index serves: a join's plan would hang on statistics that are thrown by lanes coming and going.
  delete from siding.lane o
  where o.shard = of_shard and o.batch < promoted
    and o.lane_id = any (array(select n.lane_id from siding.lane n where n.shard = of_shard and n.batch = promoted));
  delete from siding.lane o where o.shard = of_shard and o.batch = promoted and (o.cursor).position is null;
  delete from siding.quota_use o
  using siding.quota_use n
  where n.shard = of_shard and n.batch = promoted and n.is_whole and o.shard = n.shard and o.batch < promoted;
  -- Most batches have no step.
  if not exists (select from siding.job_progress n where n.shard = of_shard and n.batch = promoted) then
    return;
  end if;
  delete from siding.job_progress o
  where o.shard = of_shard and o.batch < promoted
    and o.job_id = any (array(select n.job_id from siding.job_progress n where n.shard = of_shard and n.batch = promoted));
  perform siding.rule_on_dead(of_shard, promoted, promoted);
  update siding.job_shard s
  set ended_at = clock_timestamp()
  from siding.job_progress n
  where n.shard = of_shard and n.batch = promoted and n.is_end and s.job_id = n.job_id and s.shard = n.shard and s.ended_at is null;
end
$$;

-- Jobs as the promoted batches left them.
create view siding.jobs with (security_barrier) as
select j.*,
  case
    when j.cancelled_at is not null then 'cancelled'
    when part.open > 0 then 'running'
    else 'done'
  end as state,
  coalesce(j.cancelled_at, case when part.open = 0 then coalesce(part.ended_at, j.created_at) end) as ended_at,
  part.asked, part.asked_waiting, part.replayed, part.redriven, part.discarded, part.waiting, part.failed, part.last_error
from siding.job j
cross join lateral (
  select count(*) filter (where s.ended_at is null) as open,
    max(s.ended_at) as ended_at,
    coalesce(sum(s.asked), 0)::bigint as asked,
    coalesce(sum(s.asked_waiting), 0)::bigint as asked_waiting,
    coalesce(sum(p.replayed), 0)::bigint as replayed,
    coalesce(sum(p.redriven), 0)::bigint as redriven,
    coalesce(sum(p.discarded), 0)::bigint as discarded,
    coalesce(sum(p.waiting), 0)::bigint as waiting,
    coalesce(sum(p.failed), 0)::bigint as failed,
    max(p.last_error) as last_error
  from siding.job_shard s
  join siding.shard h on h.shard = s.shard
  left join lateral (
    select * from siding.job_progress p
    where p.job_id = s.job_id and p.shard = s.shard and p.batch <= h.promoted_batch
    order by p.batch desc limit 1
  ) p on true
  where s.job_id = j.job_id
) part;

revoke execute on function
  siding.job_line_of(uuid, smallint, text, text, text, bigint),
  siding.job_asks(uuid, smallint, bigint, bigint),
  siding.lay_job(smallint, bigint, jsonb),
  siding.rule_on_dead(smallint, bigint, bigint)
  from public;
grant execute on function
  siding.job_line_of(uuid, smallint, text, text, text, bigint),
  siding.job_asks(uuid, smallint, bigint, bigint)
  to siding_relay, siding_admin;
grant execute on function siding.lay_job(smallint, bigint, jsonb) to siding_relay;
grant execute on function siding.rule_on_dead(smallint, bigint, bigint) to siding_relay;
grant execute on function siding.new_event_id() to siding_admin;
grant select on siding.job, siding.job_shard, siding.job_lane, siding.job_progress, siding.jobs, siding.redriven
  to siding_relay, siding_admin;
grant insert, update, delete on siding.redriven to siding_relay;
grant insert, update, delete on siding.job_progress to siding_relay;
grant update (ended_at) on siding.job_shard to siding_relay;
grant delete on siding.job to siding_relay; -- what belongs to one goes with it
grant insert on siding.job, siding.job_shard, siding.job_lane to siding_admin;
grant update (cancelled_at, cancelled_by, cancel_reason) on siding.job to siding_admin;
grant update (asked, asked_waiting, ended_at) on siding.job_shard to siding_admin;
-- A recovery settles steps and redriven dead letters together with the shard's cursor.
grant delete on siding.job_shard, siding.job_progress, siding.failure to siding_admin;
grant update (discarded_by) on siding.failure to siding_admin;
grant insert, update on siding.redriven to siding_admin;

alter table siding.job owner to siding_owner;
alter table siding.job_shard owner to siding_owner;
alter table siding.job_lane owner to siding_owner;
alter table siding.job_progress owner to siding_owner;
alter table siding.redriven owner to siding_owner;
alter view siding.jobs owner to siding_owner;
alter function siding.job_line_of(uuid, smallint, text, text, text, bigint) owner to siding_owner;
alter function siding.job_asks(uuid, smallint, bigint, bigint) owner to siding_owner;
alter function siding.lay_job(smallint, bigint, jsonb) owner to siding_owner;
alter function siding.rule_on_dead(smallint, bigint, bigint) owner to siding_owner;
