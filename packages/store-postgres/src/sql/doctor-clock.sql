-- The server's clock, alone, so that the answer takes no longer than the way there and back.
select (extract(epoch from clock_timestamp()) * 1000)::text as now_ms
