--! compatible
-- What was published, as it is recorded with each batch (docs/decisions/0006-verify.md): `siding verify` holds the log
-- and Kafka against it.

-- What a plan makes published: its number, the cursor that it starts from, and for each topic how many events and the
-- checksum of their ids.
create type siding.tally as (
  batch bigint,
  since siding.cursor,
  topics text[],
  events integer[],
  checksums numeric[]
);
alter table siding.shard add column planned_tally siding.tally;

-- One row a shard and minute of promotion in which something was published: from which cursor to which, and whether each
-- batch began where the one before it ended. Rows are few, so that neither small batches nor a long time make many.
create table siding.published_span (
  shard smallint not null,
  minute timestamptz not null,
  since siding.cursor not null,
  upto siding.cursor not null,
  is_whole boolean not null,
  primary key (shard, minute)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

create table siding.published_sum (
  shard smallint not null,
  minute timestamptz not null,
  topic text not null,
  events bigint not null,
  checksum numeric(20) not null,
  primary key (shard, minute, topic),
  foreign key (shard, minute) references siding.published_span on delete cascade
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);

-- Adds a plan's tally to its minute; called by the statement that promotes the plan. A number is never used twice, so a
-- tally that carries the promoted number is that plan's, whichever version of the row it was read from. Without one (a
-- relay of the release before laid the plan down, or a recovery) nothing is added, and the gap shows between cursors.
create function siding.record_published(of_shard smallint, tally siding.tally, promoted bigint, upto siding.cursor) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (tally).batch is distinct from promoted or (tally).batch is null then
    return;
  end if;
  with span as (
    insert into siding.published_span as s (shard, minute, since, upto, is_whole)
    values (of_shard, date_trunc('minute', clock_timestamp()), (tally).since, record_published.upto, true)
    on conflict (shard, minute) do update
    set upto = excluded.upto, is_whole = s.is_whole and s.upto::text = excluded.since::text
    returning s.shard, s.minute
  )
  insert into siding.published_sum as p (shard, minute, topic, events, checksum)
  select span.shard, span.minute, t.topic, t.events, t.checksum
  from span, unnest((tally).topics, (tally).events, (tally).checksums) as t (topic, events, checksum)
  on conflict (shard, minute, topic) do update
  set events = p.events + excluded.events, checksum = mod(p.checksum + excluded.checksum, 18446744073709551616);
end
$$;
revoke execute on function siding.record_published(smallint, siding.tally, bigint, siding.cursor) from public;
grant execute on function siding.record_published(smallint, siding.tally, bigint, siding.cursor) to siding_relay;

grant select on siding.published_span, siding.published_sum to siding_relay, siding_admin;
grant insert, update, delete on siding.published_span, siding.published_sum to siding_relay;

alter type siding.tally owner to siding_owner;
alter table siding.published_span owner to siding_owner;
alter table siding.published_sum owner to siding_owner;
alter function siding.record_published(smallint, siding.tally, bigint, siding.cursor) owner to siding_owner;
