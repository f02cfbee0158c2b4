-- Names in the order in which the database compares tenants. $1 names, $2 behind which, or null.
select distinct n.name as tenant_id
from unnest($1::text[]) as n (name)
where $2::text is null or n.name > $2
order by n.name
