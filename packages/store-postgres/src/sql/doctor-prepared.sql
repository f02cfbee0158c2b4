-- Transactions that were prepared and not ended yet: they outlive their session and the server. $1 how many to name.
select p.gid, p.owner, p.database, (extract(epoch from clock_timestamp() - p.prepared) * 1000)::text as age_ms,
  count(*) over ()::text as total
from pg_prepared_xacts p
order by p.prepared
limit $1
