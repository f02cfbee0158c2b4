-- Pending events at or below their shard's position: those of transactions that the cursor's snapshot did not see, looked
-- for transaction by transaction as in read-plain-page.sql. Newest first: the seqs.
-- $1 shards, $2 below which seq, $3 above which seq (arrays, one place a shard), $4 how many to answer; $5 since, $6 until,
-- $7 tenant, $8 topic, $9 key, each null for any. Crosses shards and tenants on purpose where no tenant is named.
select found.seq::text as seq, found.shard::text as shard, 'true' as matches, 'false' as is_edge
from (
  select late.seq, late.shard
  from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as line (shard, below, above)
  join siding.shard s using (shard)
  cross join lateral (
    select pg_snapshot_xip((s.cursor).snapshot) as xid
    union all
    select x::text::xid8
    from generate_series(
      pg_snapshot_xmax((s.cursor).snapshot)::text::bigint,
      least((s.cursor).next_xid::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) - 1
    ) x
  ) late_xid
  cross join lateral (
    select e.seq, e.shard
    from siding.event e
    where e.shard = line.shard
      and (e.xid, e.seq) > (late_xid.xid, line.above)
      and (e.xid, e.seq) < (late_xid.xid, least(line.below, (s.cursor).position + 1))
      and siding.event_status(e.seq, e.xid, s.cursor, s.promoted_batch, null,
        exists (select from siding.already_published a where a.shard = e.shard and a.seq = e.seq)) = 'pending'
      and ($5::timestamptz is null or e.created_at >= $5)
      and ($6::timestamptz is null or e.created_at < $6)
      and ($7::text is null or e.tenant_id = $7)
      and ($8::text is null or e.topic = $8)
      and ($9::text is null or e.key is not distinct from $9)
    order by e.xid desc, e.seq desc
    limit $4::int
  ) late
) found
order by found.seq desc
limit $4::int
