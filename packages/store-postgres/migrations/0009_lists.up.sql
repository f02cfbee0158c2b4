--! compatible
-- What slow lists need, with no further index on the log. Rebuilding event_dedupe holds a lock that enqueues wait for, a few
-- seconds for a million rows.

-- The same promise with the key first: a dedupe key is found without its tenant as well, and enqueue, which knows both, pays
-- nothing for it.
alter table siding.event drop constraint event_dedupe;
alter table siding.event add constraint event_dedupe unique (dedupe_key, tenant_id); -- read by enqueue: is this one known already?

-- Whose failure it is, beside it: dead letters of one tenant or topic are few among those of a shard.
alter table siding.failure add column tenant_id text, add column topic text; -- NULL: its event is gone
update siding.failure f set tenant_id = e.tenant_id, topic = e.topic
from siding.event e where e.shard = f.shard and e.seq = f.seq;
-- read by a tenant's list of dead letters, newest first
create index failure_dead_by_tenant on siding.failure (tenant_id, seq) where dead_batch is not null and discarded_by is null;
-- read by a topic's list of dead letters, newest first
create index failure_dead_by_topic on siding.failure (topic, seq) where dead_batch is not null and discarded_by is null;

-- By a trigger, so that relays of the release before write it too. Refusals are rare.
create function siding.name_failure() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  select e.tenant_id, e.topic into new.tenant_id, new.topic
  from siding.event e where e.shard = new.shard and e.seq = new.seq;
  return new;
end
$$;
revoke execute on function siding.name_failure() from public;
create trigger name_failure before insert on siding.failure for each row execute function siding.name_failure();

drop policy own_tenants on siding.failure;
create policy own_tenants on siding.failure for select to siding_tenant
  using (tenant_id = any ((select nullif(current_setting('siding.tenants', true), '')::text[])::text[]));

-- Seqs under a key, of the tenants that siding.tenants names, newest first. A hash is not leakproof, so under row-level
-- security no index by it is used: this looks past that wall, and is one itself. It looks at so many rows of whoever they are; where
-- that does not tell, it answers one row of NULLs, and not how far it came: that would tell of other tenants.
create function siding.own_seqs_of_key(of_key text, above bigint, below bigint, look integer, own_max integer)
  returns table (shard smallint, seq bigint)
  language sql stable security definer rows 100
  set search_path = pg_catalog, pg_temp
as $$
  with looked as materialized (
    select e.shard, e.seq, e.tenant_id, e.key
    from siding.event e
    where hashtextextended(e.key, 0) = hashtextextended(of_key, 0) and e.key is not null and e.seq > above and e.seq < below
    order by hashtextextended(e.key, 0) desc, e.seq desc
    limit look
  ),
  own as materialized (
    select l.shard, l.seq from looked l
    where l.key = of_key and l.tenant_id = any (nullif(current_setting('siding.tenants', true), '')::text[])
    order by l.seq desc
    limit own_max
  )
  select o.shard, o.seq from own o
  union all
  select null, null where (select count(*) from own) < own_max and (select count(*) from looked) = look
$$;
revoke execute on function siding.own_seqs_of_key(text, bigint, bigint, integer, integer) from public;
grant execute on function siding.own_seqs_of_key(text, bigint, bigint, integer, integer) to siding_tenant;

alter function siding.name_failure() owner to siding_owner;
alter function siding.own_seqs_of_key(text, bigint, bigint, integer, integer) owner to siding_owner;
