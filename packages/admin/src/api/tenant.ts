import { LIMIT_BYTES_MAX, LIMIT_EVENTS_MAX, LIMIT_WINDOW_MS_MAX } from "@siding/core/policy/limit-bounds.js";
import { type Static, Type } from "typebox";
import { LIMIT_MAX } from "./paging.js";
import { int64, only, orNull, text, time } from "./text.js";
import { reason } from "./token.js";

const DAY_MS = 86_400_000;
const NONE = Type.Literal("none", { description: "lifts what a broader policy sets" });

const limit = (most: number, description: string) =>
  Type.Union(
    [
      only({
        amount: Type.Integer({ minimum: 1, maximum: most }),
        window_ms: Type.Integer({ minimum: 1, maximum: LIMIT_WINDOW_MS_MAX }),
        burst: orNull(Type.Integer({ minimum: 1, maximum: most, description: "null: the amount" })),
      }),
      NONE,
      Type.Null(),
    ],
    { description },
  );
const period = (description: string) => orNull(Type.Integer({ minimum: 1, maximum: DAY_MS, description }));
const onOff = (description: string) => orNull(Type.Boolean({ description }));

/** What a policy can say; its numbers are bounded as the table siding.policy bounds them, so all are exact in JSON. */
export const PolicyWords = only(
  {
    quota_events: limit(LIMIT_EVENTS_MAX, "events in any window, and at once"),
    quota_bytes: limit(LIMIT_BYTES_MAX, "bytes in any window, and at once"),
    quota_mode: orNull(Type.Union([Type.Literal("enforce"), Type.Literal("observe")])),
    warn_at: orNull(Type.Number({ minimum: 0, maximum: 1, description: "share of the quota, to four decimals" })),
    weight: orNull(Type.Number({ minimum: 0.001, maximum: 100_000, description: "to three decimals" })),
    batch_limit: orNull(Type.Integer({ minimum: 1, maximum: 100_000, description: "of a page while others wait" })),
    backlog_max: Type.Union([Type.Integer({ minimum: 1, maximum: 1e9 }), NONE, Type.Null()], {
      description: "pending events from which on enqueueing is refused (SD002)",
    }),
    retry: orNull(Type.Union([Type.Literal("flow-first"), Type.Literal("order-first")])),
    breaker_failures: orNull(Type.Integer({ minimum: 1, maximum: 1_000, description: "in a row" })),
    breaker_cool_down_ms: period("from opening to the first probe"),
    breaker_cool_down_max_ms: period("the longest wait between two probes"),
    quota: onOff("whether quotas hold at all"),
    fair_share: onOff("whether the batch limit holds"),
    breaker: onOff("whether failing topics are left alone for a while"),
    replay: onOff("whether published events may be replayed"),
    backpressure: onOff("whether the cap on the backlog holds"),
    blocked: onOff("whether enqueueing is refused altogether (SD003)"),
  },
  "null: it says nothing of this, and a broader policy speaks",
);
export type PolicyWords = Static<typeof PolicyWords>;

export const TenantPath = only({ tenant_id: text(255, "any name: a tenant need not be known to have limits") });

const dryRun = Type.Optional(Type.Boolean({ description: "shows what would hold, and changes nothing" }));

export const TenantPatch = only({ ...Type.Partial(PolicyWords).properties, dry_run: dryRun, reason });
export type TenantPatch = Static<typeof TenantPatch>;

export const TenantPause = only({
  until: Type.Optional(time("without it until it is resumed; Postgres' clock decides")),
  dry_run: dryRun,
  reason,
});
export type TenantPause = Static<typeof TenantPause>;
export const TenantResumption = only({ dry_run: dryRun, reason });
export type TenantResumption = Static<typeof TenantResumption>;

export const Tenant = only({
  tenant_id: Type.String(),
  policy: orNull(
    only({ says: PolicyWords, actor: Type.String(), reason: Type.String(), changed_at: time() }, "its own"),
  ),
  holds: PolicyWords,
  said_by: Type.Record(Type.String(), orNull(Type.String()), {
    description: "of each field the policy that says it; null: a default",
  }),
  pause: orNull(only({ actor: Type.String(), reason: Type.String(), until: orNull(time()) })),
});
export type Tenant = Static<typeof Tenant>;

export const TenantResumed = only({ ...Tenant.properties, was_paused: Type.Boolean() });
export type TenantResumed = Static<typeof TenantResumed>;

const Use = orNull(
  only({
    limit: int64("what may go at once"),
    used: int64(),
    remaining: int64(),
    next_at: orNull(time("when one more may go; null: now")),
  }),
);

export const TenantUsage = only({
  tenant_id: Type.String(),
  at: time("Postgres' clock"),
  pending: int64(),
  counted_to: int64("pending is counted no further"),
  lag_ms: orNull(Type.Integer({ description: "age of the oldest pending event" })),
  lane: orNull(only({ reason: Type.String(), detail: Type.String(), resume_at: orNull(time()) }, "why it waits")),
  quota: only({ events: Use, bytes: Use }),
});
export type TenantUsage = Static<typeof TenantUsage>;

export const TenantQuery = only({
  after: Type.Optional(text(255, "go on behind this one")),
  limit: Type.Integer({ minimum: 1, maximum: LIMIT_MAX, default: 50 }),
});
export type TenantQuery = Static<typeof TenantQuery>;

export const TenantList = only({
  tenants: Type.Array(only({ tenant: Tenant, usage: TenantUsage })),
  counted_to: int64("pending of each is counted no further: 10000, and less with a limit above 100"),
  next_after: orNull(Type.String({ description: "to go on behind; null at the end" })),
});
export type TenantList = Static<typeof TenantList>;
