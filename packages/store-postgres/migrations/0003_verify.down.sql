-- What was recorded of past batches is forgotten; the log itself stays.
drop function siding.record_published(smallint, siding.tally, bigint, siding.cursor);
drop table siding.published_sum, siding.published_span;
alter table siding.shard drop column planned_tally;
drop type siding.tally;
