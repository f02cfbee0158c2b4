-- Postgres' clock, in microseconds since 1970: the time that quotas go by.
select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text
