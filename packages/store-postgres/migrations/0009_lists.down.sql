-- Rebuilds event_dedupe under a lock that enqueues wait for.
drop function siding.own_seqs_of_key(text, bigint, bigint, integer, integer);
drop policy own_tenants on siding.failure;
create policy own_tenants on siding.failure for select to siding_tenant
  using (exists (select from siding.event e where e.shard = failure.shard and e.seq = failure.seq));
drop trigger name_failure on siding.failure;
drop function siding.name_failure();
drop index siding.failure_dead_by_tenant, siding.failure_dead_by_topic;
alter table siding.failure drop column tenant_id, drop column topic;
alter table siding.event drop constraint event_dedupe;
alter table siding.event add constraint event_dedupe unique (tenant_id, dedupe_key);
