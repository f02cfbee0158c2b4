import type { ListedToken } from "@siding/store-postgres/admin-tokens.js";
import type { AuditEntry } from "@siding/store-postgres/audit-log.js";
import type { DeadGroup, InspectedEvent } from "@siding/store-postgres/event-inspection.js";
import type { JobKind, JobOffer, JobView } from "@siding/store-postgres/job-desk.js";
import type { RelayStatus, ShardStatus, StatusReport } from "@siding/store-postgres/read-status.js";
import type { AuditEntry as AuditDocument } from "../api/audit.js";
import type { Relays, Status } from "../api/deployment.js";
import type { DeadCause, Event } from "../api/event.js";
import type { Job, JobOffer as JobOfferDocument } from "../api/job.js";
import type { Token } from "../api/token.js";

// What is known, in the names that the API and `-o json` show. 64-bit numbers become strings, times and ages do not.

export function eventDocument(event: InspectedEvent): Event {
  return {
    event_id: event.eventId,
    seq: String(event.seq),
    shard: event.shard,
    tenant_id: event.tenantId,
    topic: event.topic,
    key: event.key,
    dedupe_key: event.dedupeKey,
    created_at: event.createdAt,
    status: event.status,
    lane_reason: event.laneReason,
    attempts: event.attempts,
    last_error: event.lastError,
    fingerprint: event.fingerprint,
    dead_at: event.deadAt,
    bytes: event.bytes,
    content_type: event.contentType,
  };
}

export function deadCauseDocument(group: DeadGroup): DeadCause {
  return {
    fingerprint: group.fingerprint,
    count: String(group.events),
    tenants: [...group.tenants],
    tenants_total: group.tenantsTotal,
    topics: [...group.topics],
    topics_total: group.topicsTotal,
    first_created_at: group.firstAt,
    last_created_at: group.lastAt,
    sample_error: group.sampleError,
  };
}

export function statusDocument(report: StatusReport): Status {
  const { deployment, backlog } = report;
  return {
    server: report.server,
    deployment: {
      name: deployment.name,
      kafka_cluster_id: deployment.kafkaClusterId,
      shards: deployment.shards,
      schema_version: deployment.schemaVersion,
    },
    ...relaysDocument(report),
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
      counts: Object.fromEntries(report.lanes.counts),
      first: report.lanes.first.map((lane) => ({
        shard: lane.shard,
        tenant_id: lane.tenantId,
        topic: lane.topic,
        key: lane.key,
        seq: lane.seq === null ? null : String(lane.seq),
        reason: lane.reason,
        detail: lane.detail,
        resume_at: lane.resumeAt,
        resume_in_ms: lane.resumeInMs,
      })),
    },
    refused: String(report.refused),
    dead: String(report.dead),
  };
}

export function relaysDocument({ relays, shards }: Pick<StatusReport, "relays" | "shards">): Relays {
  return { relays: relays.map(relayDocument), shards: shards.map(shardDocument) };
}

function relayDocument(relay: RelayStatus): Relays["relays"][number] {
  return {
    relay_id: relay.relayId,
    host: relay.host,
    process_id: relay.processId,
    version: relay.version,
    started_at: relay.startedAt,
    seen_at: relay.seenAt,
    seen_ago_ms: relay.seenAgoMs,
    alive: relay.isAlive,
  };
}

function shardDocument(shard: ShardStatus): Relays["shards"][number] {
  const { owner } = shard;
  return {
    shard: shard.shard,
    owner: owner === null ? null : { relay_id: owner.relayId, host: owner.host, process_id: owner.processId },
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

export function auditDocument(entry: AuditEntry): AuditDocument {
  return {
    audit_id: String(entry.auditId),
    at: entry.at,
    actor: entry.actor,
    role: entry.role,
    action: entry.action,
    reason: entry.reason,
    tenant_id: entry.tenantId,
    subject: entry.subject,
    before: entry.before,
    after: entry.after,
  };
}

export function tokenDocument(token: ListedToken): Token {
  return {
    prefix: token.prefix,
    name: token.name,
    role: token.role,
    tenants: token.tenants === null ? null : [...token.tenants],
    may_see_payload: token.maySeePayload,
    state: token.state,
    created_at: token.createdAt,
    created_by: token.createdBy,
    expires_at: token.expiresAt,
    revoked_at: token.revokedAt,
    revoked_by: token.revokedBy,
  };
}

export function jobDocument(job: JobView): Job {
  const { replayed, redriven, discarded, waiting, failed } = job;
  return {
    job_id: job.jobId,
    kind: job.kind,
    state: job.state,
    filter: { ...job.filter },
    events_per_second: job.eventsPerSecond,
    actor: job.actor,
    reason: job.reason,
    created_at: job.createdAt,
    ended_at: job.endedAt,
    cancelled_by: job.cancelledBy,
    cancel_reason: job.cancelReason,
    asked: job.asked,
    counts: { replayed, redriven, discarded, waiting, failed },
    last_error: job.lastError,
  };
}

export function jobOfferDocument(
  kind: JobKind,
  { jobId, asked, waiting, sample, overlaps }: JobOffer,
): JobOfferDocument {
  return {
    job_id: jobId,
    kind,
    asked,
    waiting,
    sample: sample.map((event) => ({
      act: event.act,
      event_id: event.eventId,
      tenant_id: event.tenantId,
      topic: event.topic,
      key: event.key,
      created_at: event.createdAt,
    })),
    overlaps: overlaps.map((job) => ({ job_id: job.jobId, kind: job.kind, actor: job.actor, reason: job.reason })),
  };
}
