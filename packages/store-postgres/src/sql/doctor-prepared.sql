-- Transactions that were prepared long ago and not ended: they outlive their session and the server. $1 how long in ms, $2 how
-- many to name.
select p.gid, p.owner, p.database, (extract(epoch from clock_timestamp() - p.prepared) * 1000)::text as age_ms,
  count(*) over ()::text as total
from pg_prepared_xacts p
where p.prepared < clock_timestamp() - $1::float8 * interval '1 ms'
order by p.prepared
limit $2
