-- Lays the decision down: the new cursor, at once, and with it a plan under a new number that carries no events. Once
-- Kafka has that number the two agree again; until then the shard stays halted, whoever looks at it.
-- $1 shard, $2 epoch, $3 the new number, $4..$9 the new cursor, $10 whether Kafka is to hold the number.
update siding.shard
set cursor = c.cursor,
  planned_cursor = case when $10 then c.cursor end,
  planned_batch = case when $10 then $3::bigint end,
  promoted_batch = case when $10 then promoted_batch else $3::bigint end,
  last_batch = $3::bigint,
  planned_lines = false
from (
  select row(
    $4::bigint, $5::pg_snapshot, coalesce($6::xid8, pg_current_xact_id()), $7::bigint, $8::pg_snapshot,
    case when $7::bigint is not null then coalesce($9::xid8, pg_current_xact_id()) end
  )::siding.cursor as cursor
) c
where shard = $1 and epoch = $2 and server_start = pg_postmaster_start_time() and last_batch < $3::bigint
returning 1
