-- $1 event ids that Kafka holds.
insert into recovery_seen (event_id) select unnest($1::uuid[]) on conflict do nothing
