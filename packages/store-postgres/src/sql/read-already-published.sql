-- What the main line of a shard passes because Kafka has it already; what its line has passed is forgotten. $1 shard.
with passed as (
  delete from siding.already_published a
  using siding.shard s
  where a.shard = $1 and s.shard = $1
    and not exists (
      select from siding.event e
      where e.shard = a.shard and e.seq = a.seq and not siding.is_consumed(e.seq, e.xid,
        siding.cursor_of(e.shard, e.tenant_id, e.topic, e.key, e.seq, s.promoted_batch, s.cursor))
    )
  returning a.seq
)
select seq::text from siding.already_published where shard = $1 and seq not in (select seq from passed)
