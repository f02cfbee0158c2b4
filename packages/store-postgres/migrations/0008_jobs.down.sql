-- Refused while a job is open: its step may lie in an open plan, and nobody would ever finish it.
do $$
begin
  if exists (select from siding.job_shard where ended_at is null) then
    raise exception using message = 'a replay or redrive is under way', hint = 'Let it end, or cancel it with siding jobs cancel.';
  end if;
end
$$;
drop view siding.jobs;
drop function siding.rule_on_dead(smallint, bigint, bigint);
drop function siding.lay_job(smallint, bigint, jsonb);
drop function siding.job_asks(uuid, smallint, bigint, bigint);
drop function siding.job_line_of(uuid, smallint, text, text, text, bigint);
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
end
$$;
drop table siding.redriven, siding.job_progress, siding.job_lane, siding.job_shard, siding.job;
alter table siding.failure drop column discarded_by;
revoke execute on function siding.new_event_id() from siding_admin;
revoke delete on siding.failure from siding_admin;
