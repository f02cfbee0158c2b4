-- What each lane reads next: rows of its filter that the main cursor (P, M) has consumed and the lane has not (design §3).
-- One statement for all lanes. $1 shard, $2 P, $3 M; then arrays with one place a lane: $4 tenants, $5 topics, $6 keys, $7 seqs,
-- each null for any, $8 p, $9 S, $10 nx or null, $11 q or null, $12 H or null, $13 limits in events, $14 limits in bytes.
--
-- Each kind of filter has a branch of its own, so that each is read along its index: a tenant's along (tenant_id, seq), a key's
-- along its hash, a topic's along (topic, seq), an event's along the primary key. Late rows as in read-plain-page.sql;
-- a lane in window form sees the log as H does and reads no fresh rows.
--
-- For each lane one row with how many rows there are up to the limit: late, then fresh ones. Then its rows in seq order.
with line as (
  select *
  from unnest(
    $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::pg_snapshot[], $10::bigint[], $11::bigint[],
    $12::pg_snapshot[], $13::int[], $14::bigint[]
  ) with ordinality as l (tenant_id, topic, key, of_seq, p, s, nx, q, h, events_max, bytes_max, place)
),
late as (
  select line.place, r.*
  from line
  cross join lateral (
    select late_row.*
    from (
      select pg_snapshot_xip(line.s) as xid
      union all
      select x::text::xid8
      from generate_series(
        pg_snapshot_xmax(line.s)::text::bigint,
        least(line.nx, pg_snapshot_xmax($3::pg_snapshot)::text::bigint) - 1
      ) x
    ) late_xid
    cross join lateral (
      select e.*
      from siding.event e
      where e.shard = $1
        and (e.xid, e.seq) > (late_xid.xid, coalesce(line.q, 0))
        and (e.xid, e.seq) <= (late_xid.xid, least(line.p, $2::bigint))
        and (line.tenant_id is null or e.tenant_id = line.tenant_id)
        and (line.topic is null or e.topic = line.topic)
        and (line.key is null or e.key = line.key)
        and (line.of_seq is null or e.seq = line.of_seq)
      order by e.xid, e.seq
      limit line.events_max
    ) late_row
    where pg_visible_in_snapshot(late_xid.xid, coalesce(line.h, $3::pg_snapshot))
    order by late_row.seq
    limit line.events_max
  ) r
),
fresh as (
  select line.place, r.*
  from line
  cross join lateral (
    select f.*
    from (
      (
        select e.* from siding.event e
        where line.tenant_id is not null and line.key is null and line.of_seq is null
          and e.tenant_id = line.tenant_id and e.seq > line.p and e.seq <= $2::bigint
          and e.shard = $1 and (line.topic is null or e.topic = line.topic)
          and pg_visible_in_snapshot(e.xid, $3::pg_snapshot)
        order by e.tenant_id, e.seq
        limit line.events_max
      )
      union all
      (
        select e.* from siding.event e
        where line.tenant_id is null
          and e.topic = line.topic and e.seq > line.p and e.seq <= $2::bigint
          and e.shard = $1
          and pg_visible_in_snapshot(e.xid, $3::pg_snapshot)
        order by e.topic, e.seq
        limit line.events_max
      )
      union all
      (
        select e.* from siding.event e
        where line.key is not null
          and hashtextextended(e.key, 0) = hashtextextended(line.key, 0) and e.seq > line.p and e.seq <= $2::bigint
          and e.shard = $1 and e.key = line.key and e.tenant_id = line.tenant_id and e.topic = line.topic
          and pg_visible_in_snapshot(e.xid, $3::pg_snapshot)
        order by hashtextextended(e.key, 0), e.seq
        limit line.events_max
      )
      union all
      (
        select e.* from siding.event e
        where line.of_seq is not null
          and e.shard = $1 and e.seq = line.of_seq and e.seq > line.p and e.seq <= $2::bigint
          and pg_visible_in_snapshot(e.xid, $3::pg_snapshot)
        limit 1
      )
    ) f
    where line.q is null
  ) r
),
page as (
  select late.*, true as is_late from late
  union all
  select fresh.*, false as is_late from fresh
),
counted as (
  select place, count(*) filter (where is_late) as late, count(*) filter (where not is_late) as fresh from page group by place
),
cut as (
  select page.*,
    sum(page.bytes) over (partition by page.place order by page.seq rows unbounded preceding) - page.bytes as bytes_before
  from page
)
select null, null, null, null, null, null, null, null, null, null,
  coalesce(counted.late, 0)::text, coalesce(counted.fresh, 0)::text, null, line.place::text
from line
left join counted using (place)
union all
select cut.seq::text, cut.xid::text, cut.event_id::text, cut.tenant_id, nullif(cut.dedupe_key, cut.event_id::text), cut.topic,
  cut.key, cut.headers::text, cut.payload, cut.payload_bytes::text, cut.bytes::text, to_char(cut.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), cut.is_late::int::text,
  cut.place::text
from cut
join line using (place)
where cut.bytes_before < line.bytes_max
