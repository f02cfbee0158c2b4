-- Notes how the shard's lines stand, where the last note is older than a sixteenth of retention; forgets the notes below
-- the floor, and the spans that began before it: ahead of the rows that they count, so that a span's rows are always there.
-- $1 shard, $2 epoch, $3 retention in ms. I3: the epoch is checked by the statement that writes.
with mine as (
  select s.shard, s.cursor, s.promoted_batch, siding.retention_floor(s.shard, $3::bigint) as floor
  from siding.shard s
  where s.shard = $1 and s.epoch = $2 and s.server_start = pg_postmaster_start_time()
),
noted as (
  insert into siding.trim_point (shard, cursor, lanes)
  select mine.shard, mine.cursor, coalesce((
      select array_agg(row(l.tenant_id, l.topic, l.cursor)::siding.trim_lane)
      from siding.lane l
      where l.shard = mine.shard and l.batch <= mine.promoted_batch and (l.cursor).position is not null
    ), '{}')
  from mine
  where not exists (
    select from siding.trim_point p
    where p.shard = mine.shard and p.at > clock_timestamp() - $3::bigint / 16 * interval '1 ms'
  )
),
reached as (
  update siding.trim_point p set is_floor = true from mine where p.shard = mine.shard and p.at = (mine.floor).at and not p.is_floor
),
forgotten as (
  delete from siding.trim_point p using mine where p.shard = mine.shard and p.at < (mine.floor).at
),
gone as (
  delete from siding.published_span p using mine where p.shard = mine.shard and p.minute < (mine.floor).at
)
select 1 from mine
