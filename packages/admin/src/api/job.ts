import { type Static, Type } from "typebox";
import { LIMIT_MAX } from "./paging.js";
import { only, orNull, text, time, uuid } from "./text.js";
import { reason } from "./token.js";

const IDS_MAX = 1_000;
const events = Type.Array(uuid(), { minItems: 1, maxItems: IDS_MAX, description: "ids of events" });
const tenant = text(255, "its tenant; a token that is bound to several has to name one");
const dryRun = Type.Boolean({ default: false, description: "counts and samples, and changes nothing" });
const rate = Type.Integer({ minimum: 1, maximum: 10_000_000, description: "at most so many events a second" });
const Status = Type.Union([Type.Literal("pending"), Type.Literal("published"), Type.Literal("dead")]);

export const ReplayWanted = only({
  event_ids: events,
  tenant_id: Type.Optional(tenant),
  events_per_second: Type.Optional(rate),
  dry_run: Type.Optional(dryRun),
  reason,
});
export type ReplayWanted = Static<typeof ReplayWanted>;

export const TenantReplayWanted = only({
  tenant_id: tenant,
  status: Type.Optional(Status),
  topic: Type.Optional(text(249)),
  key: Type.Optional(text(2_048)),
  dedupe_key: Type.Optional(text(512)),
  since: Type.Optional(time("created at or after")),
  until: Type.Optional(time("created before")),
  events_per_second: Type.Optional(rate),
  dry_run: Type.Optional(dryRun),
  reason,
});
export type TenantReplayWanted = Static<typeof TenantReplayWanted>;

export const DeadLettersWanted = only({
  event_ids: Type.Optional(events),
  tenant_id: Type.Optional(tenant),
  topic: Type.Optional(text(249)),
  key: Type.Optional(text(2_048)),
  dedupe_key: Type.Optional(text(512)),
  since: Type.Optional(time("created at or after")),
  until: Type.Optional(time("created before")),
  events_per_second: Type.Optional(rate),
  dry_run: Type.Optional(dryRun),
  reason,
});
export type DeadLettersWanted = Static<typeof DeadLettersWanted>;

const Count = Type.Integer({ minimum: 0 });
const Kind = Type.Union([Type.Literal("replay"), Type.Literal("redrive"), Type.Literal("discard")]);

export const JobOffer = only({
  job_id: orNull(uuid("null where nothing was laid down: a dry run, or nothing to do")),
  kind: Kind,
  asked: Count,
  waiting: Count,
  sample: Type.Array(
    only({
      act: Type.String(),
      event_id: uuid(),
      tenant_id: Type.String(),
      topic: Type.String(),
      key: orNull(Type.String()),
      created_at: time(),
    }),
  ),
  overlaps: Type.Array(only({ job_id: uuid(), kind: Type.String(), actor: Type.String(), reason: Type.String() }), {
    description: "open jobs that are over some of the same events",
  }),
});
export type JobOffer = Static<typeof JobOffer>;

export const Job = only({
  job_id: uuid(),
  kind: Kind,
  state: Type.Union([Type.Literal("running"), Type.Literal("done"), Type.Literal("cancelled")]),
  filter: Type.Record(Type.String(), Type.String()),
  events_per_second: orNull(Type.Integer()),
  actor: Type.String(),
  reason: Type.String(),
  created_at: time(),
  ended_at: orNull(time()),
  cancelled_by: orNull(Type.String()),
  cancel_reason: orNull(Type.String()),
  asked: Count,
  counts: only({ replayed: Count, redriven: Count, discarded: Count, waiting: Count, failed: Count }),
  last_error: orNull(Type.String()),
});
export type Job = Static<typeof Job>;

export const JobPath = only({ job_id: uuid() });
export const JobQuery = only({
  tenant: Type.Optional(tenant),
  running: Type.Optional(Type.Boolean({ description: "only those that have not ended" })),
  limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 50 }),
});
export type JobQuery = Static<typeof JobQuery>;

export const JobList = only({ jobs: Type.Array(Job) });
export type JobList = Static<typeof JobList>;
export const JobCancellation = only({ reason });

export const JobCancelled = only({
  ...Job.properties,
  was_running: Type.Boolean({ description: "false: it had ended before, by itself or by another's word" }),
});
export type JobCancelled = Static<typeof JobCancelled>;
