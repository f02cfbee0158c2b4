import type { ShardStatus, StatusReport } from "@siding/store-postgres/read-status.js";

/** `siding status -o json`. Names are public and only added to; 64-bit numbers are strings, times and ages are not. */
export function renderStatusJson(report: StatusReport): string {
  const { deployment, relays, backlog, lanes } = report;
  const document = {
    server: report.server,
    deployment: {
      name: deployment.name,
      kafka_cluster_id: deployment.kafkaClusterId,
      shards: deployment.shards,
      schema_version: deployment.schemaVersion,
    },
    relays: relays.map((relay) => ({
      relay_id: relay.relayId,
      host: relay.host,
      process_id: relay.processId,
      version: relay.version,
      started_at: relay.startedAt,
      seen_at: relay.seenAt,
      seen_ago_ms: relay.seenAgoMs,
      alive: relay.isAlive,
    })),
    shards: report.shards.map(shardJson),
    backlog:
      backlog === null
        ? null
        : {
            pending: String(backlog.pending),
            tenants: backlog.tenants,
            largest: backlog.largest.map((tenant) => ({
              tenant_id: tenant.tenantId,
              pending: String(tenant.pending),
              oldest_created_at: tenant.oldestCreatedAt,
              oldest_age_ms: tenant.oldestAgeMs,
              lane_reason: tenant.laneReason,
              resume_at: tenant.resumeAt,
            })),
          },
    lanes: {
      counts: Object.fromEntries(lanes.counts),
      first: lanes.first.map((lane) => ({
        shard: lane.shard,
        tenant_id: lane.tenantId,
        topic: lane.topic,
        key: lane.key,
        seq: lane.seq === null ? null : String(lane.seq),
        reason: lane.reason,
        detail: lane.detail,
        resume_at: lane.resumeAt,
      })),
    },
    refused: String(report.refused),
    dead: String(report.dead),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function shardJson(shard: ShardStatus): object {
  return {
    shard: shard.shard,
    owner:
      shard.owner === null
        ? null
        : { relay_id: shard.owner.relayId, host: shard.owner.host, process_id: shard.owner.processId },
    epoch: String(shard.epoch),
    lease_left_ms: shard.leaseLeftMs,
    last_batch: String(shard.lastBatch),
    promoted_batch: String(shard.promotedBatch),
    planned_batch: shard.plannedBatch === null ? null : String(shard.plannedBatch),
    promoted_at: shard.promotedAt,
    waiting_topic: shard.waiting?.topic ?? null,
    waiting_reason: shard.waiting?.reason ?? null,
    halted_reason: shard.haltedReason,
    lag_ms: shard.lagMs,
  };
}
