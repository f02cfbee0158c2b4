import { type Static, Type } from "typebox";
import { int64, only, orNull, time, uuid } from "./text.js";

export const Relay = only({
  relay_id: uuid(),
  host: Type.String(),
  process_id: Type.Integer(),
  version: Type.String(),
  started_at: time(),
  seen_at: time(),
  seen_ago_ms: Type.Integer(),
  alive: Type.Boolean(),
});

export const Shard = only({
  shard: Type.Integer(),
  owner: orNull(only({ relay_id: uuid(), host: orNull(Type.String()), process_id: orNull(Type.Integer()) })),
  epoch: int64(),
  lease_left_ms: orNull(Type.Integer()),
  last_batch: int64(),
  promoted_batch: int64(),
  planned_batch: orNull(int64()),
  promoted_at: orNull(time()),
  waiting_topic: orNull(Type.String()),
  waiting_reason: orNull(Type.String()),
  halted_reason: orNull(Type.String()),
  lag_ms: orNull(Type.Integer()),
});

export const Relays = only({ relays: Type.Array(Relay), shards: Type.Array(Shard) });
export type Relays = Static<typeof Relays>;

const TenantBacklog = only({
  tenant_id: Type.String(),
  pending: int64(),
  oldest_created_at: time(),
  oldest_age_ms: Type.Integer(),
  lane_reason: orNull(Type.String()),
  resume_at: orNull(time()),
});

const Lane = only({
  shard: Type.Integer(),
  tenant_id: orNull(Type.String()),
  topic: orNull(Type.String()),
  key: orNull(Type.String()),
  seq: orNull(int64()),
  reason: Type.String(),
  detail: Type.String(),
  resume_at: orNull(time()),
  resume_in_ms: orNull(Type.Integer()),
});

/** Names are public and only added to. */
export const Status = only({
  server: Type.String({ description: "host:port/database" }),
  deployment: only({
    name: orNull(Type.String()),
    kafka_cluster_id: orNull(Type.String()),
    shards: Type.Integer(),
    schema_version: Type.Integer(),
  }),
  relays: Type.Array(Relay),
  shards: Type.Array(Shard),
  backlog: Type.Union([
    only({ pending: int64(), tenants: Type.Integer(), largest: Type.Array(TenantBacklog) }),
    Type.Null({ description: "where there is too much of it to be counted in time" }),
  ]),
  lanes: only({
    counts: Type.Record(Type.String(), Type.Integer(), { description: "how many wait, by reason" }),
    first: Type.Array(Lane),
  }),
  refused: int64("refused by Kafka at least once, and tried again"),
  dead: int64(),
});
export type Status = Static<typeof Status>;
