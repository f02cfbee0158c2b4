-- Moves the floor of retention up to what was published so long ago, and forgets the spans that lie below it: before the
-- rows that they count, so that a span's rows are always there. $1 shard, $2 epoch, $3 retention in ms.
-- I3: the epoch is checked by the statement that writes.
with mine as (
  select s.shard from siding.shard s
  where s.shard = $1 and s.epoch = $2 and s.server_start = pg_postmaster_start_time()
),
old as (
  select p.upto, p.minute + interval '1 minute' as ended
  from mine
  cross join lateral (
    select p.upto, p.minute from siding.published_span p
    where p.shard = mine.shard and p.minute + interval '1 minute' <= clock_timestamp() - $3::bigint * interval '1 ms'
    order by p.minute desc
    limit 1
  ) p
),
floor as (
  insert into siding.trim as t (shard, upto, published_before)
  select $1::smallint, old.upto, old.ended from old
  on conflict (shard) do update set upto = excluded.upto, published_before = excluded.published_before
),
gone as (
  delete from siding.published_span p using old where p.shard = $1 and p.minute < old.ended
)
select 1 from mine
