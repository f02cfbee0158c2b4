-- What a recovery works on; gone with its session. Made before its transaction, whose snapshot must be older than its xid.
create temporary table if not exists recovery_candidate (
  shard smallint not null,
  seq bigint not null,
  event_id uuid not null,
  topic text not null,
  created_at timestamptz not null,
  asked_at timestamptz, -- as siding.redriven has them; NULL: it was no dead letter
  redriven_at timestamptz,
  is_consumed boolean not null,
  is_passed boolean not null,
  in_plan boolean not null,
  is_dead boolean not null,
  is_seen boolean not null default false,
  is_settled boolean not null default false,
  primary key (shard, seq)
);
create temporary table if not exists recovery_seen (event_id uuid primary key);
truncate recovery_candidate, recovery_seen
