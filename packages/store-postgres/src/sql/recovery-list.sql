-- Lists what the new cursor has not consumed and counts as published. In a log that was carried to another server ($3)
-- the position alone says what the cursor has consumed. $1 shard, $2 the new cursor's position, $4..$9 the new cursor.
insert into siding.already_published (shard, seq)
select e.shard, e.seq
from siding.event e
left join recovery_candidate c using (shard, seq)
where e.shard = $1 and coalesce(c.is_settled, true)
  and case
    when $3 then e.seq > $2
    else not siding.is_consumed(e.seq, e.xid, row(
      $4::bigint, $5::pg_snapshot, $6::xid8, $7::bigint, $8::pg_snapshot, $9::xid8
    )::siding.cursor)
  end
