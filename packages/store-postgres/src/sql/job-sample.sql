-- Some of the first events that a job asks for, as a taste of them; none where they lie further back than it looks. $1 job, $2 how many a shard. Crosses tenants where the job does.
select a.act, e.event_id::text, e.tenant_id, e.topic, e.key,
  to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at
from siding.job_shard s
cross join lateral (
  select asked.seq, asked.act from siding.job_asks(s.job_id, s.shard, 0, 1000) asked where asked.act is not null
  order by asked.seq limit $2::int
) a
join siding.event e on e.shard = s.shard and e.seq = a.seq
where s.job_id = $1::uuid
order by e.seq
limit $2::int
