import type { Cursor } from "../cursor/cursor.js";
import { advance, type Page, rowsOf } from "../cursor/page.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import { isSameFilter, type Lane, type LaneFilter } from "../lane/lane.js";
import type { LanePage } from "../lane/lane-page.js";
import type { Lanes } from "../lane/lanes.js";
import { type Hold, planLines, STOP } from "../lane/plan-lines.js";
import type { QuotaUse } from "../quota/quota.js";
import type { Failure } from "../retry/failure.js";
import { EventJudge, type Rules } from "./event-judge.js";

/** A due lane's page, and how many bytes of it the batch may take. */
export interface LaneRead {
  readonly lane: Lane;
  readonly page: LanePage<OutboxEvent>;
}

export interface PlanInput extends Rules {
  readonly main: Cursor;
  readonly page: Page<OutboxEvent>;
  readonly lanes: Lanes;
  /** In the order in which they share the batch. */
  readonly laneReads: readonly LaneRead[];
  /** Whether an event that has to go alone may have this batch. It gets one in any case where nothing else is to do. */
  readonly isProbeTurn: boolean;
}

/** An event that has used up its attempts. */
export interface DeadLetter {
  readonly event: OutboxEvent;
  readonly failure: Failure;
}

/** What one batch does. */
export interface Batch {
  readonly kind: "batch";
  readonly events: readonly OutboxEvent[];
  readonly dead: readonly DeadLetter[];
  /** What the batch passes because Kafka has it already. */
  readonly passed: readonly OutboxEvent[];
  /** The main line's, as it will be. */
  readonly cursor: Cursor;
  /** Whether the batch took the main line's page to its end: then, and only then, what was read ahead follows on it. */
  readonly whole: boolean;
  readonly lanes: Lanes;
  readonly changed: readonly Lane[];
  readonly dropped: readonly LaneFilter[];
  /** What the batch uses of its tenants' quotas. */
  readonly quotas: ReadonlyMap<string, QuotaUse>;
  /** Postgres' clock as the batch was judged, in ns. */
  readonly judgedNs: bigint;
  /** What the batch holds back. */
  readonly held: readonly Hold[];
  /** How many events went that a quota would have held, by tenant, where it only observes. */
  readonly observed: ReadonlyMap<string, number>;
  /** How many bytes of each lane that was read go. */
  readonly used: ReadonlyMap<Lane, number>;
  /** Whether it was an event's own batch. */
  readonly isProbe: boolean;
  /** Whether the batch was full before its lines had ended. */
  readonly isFull: boolean;
}

/** What the shard does next. */
export type BatchPlan =
  | Batch
  /**
   * Nothing to publish and nothing to write. isEnd: nothing lies behind the main line's cursor either; else there may be
   * more: what the page held is carried by lanes, or a window has closed.
   */
  | { readonly kind: "empty"; readonly cursor: Cursor; readonly isEnd: boolean };

/**
 * Decides the next batch of a shard over all of its lines: what of the pages goes now, what is held and why, and what is a
 * dead letter. An event that was refused before goes alone in its batch: whatever happens to it happens to nobody else,
 * and the verdict on it is its own; so does a breaker's probe.
 */
export function planBatch(input: PlanInput): BatchPlan {
  const { main, page, laneReads } = input;
  if (laneReads.length === 0 && rowsOf(page).length === 0) {
    return { kind: "empty", cursor: advance(main, page, 0), isEnd: isEnd(input) };
  }
  if (goesWhole(input)) return planWhole(input);
  const probe = findProbe(input);
  if (probe !== undefined && input.isProbeTurn) return planProbe(input, probe);
  const plan = planTogether(input, probe);
  const isIdle = plan.kind === "empty";
  return isIdle && probe !== undefined ? planProbe(input, probe) : plan;
}

/** The common page of an application without tenants: nothing is amiss, and nobody to be judged. */
function goesWhole(input: PlanInput): boolean {
  const { lanes, failures, alreadyPublished, topicFaults, breakers, policies, page } = input;
  const isCalm = lanes.size === 0 && failures.size === 0 && alreadyPublished.size === 0 && topicFaults.size === 0;
  if (!isCalm || !breakers.areQuiet || hasSeveralTenants(input)) return false;
  const { tenantId } = rowsOf(page)[0]!;
  return policies.of(tenantId).quota === null && policies.pauseOf(tenantId) === null;
}

function planWhole(input: PlanInput): Batch {
  const { main, page, lanes } = input;
  const rows = rowsOf(page);
  return {
    ...new EventJudge(input, false).verdicts(),
    kind: "batch",
    events: rows,
    cursor: advance(main, page, rows.length),
    whole: true,
    lanes,
    changed: [],
    dropped: [],
    judgedNs: input.nowNs,
    isProbe: false,
  };
}

/** The first lane whose head has to go alone. */
function findProbe(input: PlanInput): LaneRead | undefined {
  return input.laneReads.find(({ lane, page }) => {
    if (lane.reason !== "breaker" && input.failures.size === 0) return false;
    const head = rowsOf(page).find((row) => isCarried(input.lanes, lane, row));
    return head !== undefined && new EventJudge(input, false).judge(head, lane, input.lanes) === STOP;
  });
}

function planProbe(input: PlanInput, { lane, page }: LaneRead): Batch {
  const judge = new EventJudge(input, false);
  let event: OutboxEvent | undefined;
  const plan = planLines<OutboxEvent>({
    ...input,
    // The main line stands: what of its page is not the probe's business is read again.
    page: { ...input.page, late: [], fresh: [], lateComplete: false },
    lanePages: [[lane, page]],
    nowMs: Number(input.nowNs / NS_A_MS),
    judge: (row, line) => {
      if (event !== undefined || line !== lane) return STOP;
      const hold = judge.pay(row);
      if (hold !== null) return hold;
      event = { ...row, attempts: input.failures.get(row.seq)?.attempts ?? 0 };
      return null;
    },
  });
  // From here on the lane drains; where this batch comes to nothing its plan goes, and the lane is a breaker's still.
  const drained = plan.lanes.get(lane.filter);
  const changed = plan.changed.filter((each) => each !== drained);
  if (drained !== undefined) {
    const isMended = lane.reason === "breaker" && event !== undefined;
    const after: Lane = isMended ? { ...drained, reason: "fair-share", detail: MENDED, probes: 0 } : drained;
    plan.lanes.set(after);
    changed.push(after);
  }
  return {
    ...judge.verdicts(),
    kind: "batch",
    events: event === undefined ? [] : [event],
    used: new Map(event === undefined ? [] : [[lane, event.bytes]]),
    cursor: input.main,
    whole: false,
    lanes: plan.lanes,
    changed,
    dropped: plan.dropped,
    judgedNs: input.nowNs,
    isProbe: true,
  };
}

const NS_A_MS = 1_000_000n;
const MENDED = "its probe was published: what waited goes on, in order";

function planTogether(input: PlanInput, probe: LaneRead | undefined): BatchPlan {
  const isContended = input.laneReads.length > 0 || hasSeveralTenants(input);
  const judge = new EventJudge(input, isContended);
  const { main, page, lanes } = input;
  const plan = planLines<OutboxEvent>({
    main,
    page,
    lanes,
    lanePages: input.laneReads.filter((read) => read !== probe).map(({ lane, page }) => [lane, page]),
    nowMs: Number(input.nowNs / NS_A_MS),
    judge: (row, lane, lanesNow) => judge.judge(row, lane, lanesNow),
    apart: staysApart(input),
  });
  const verdicts = judge.verdicts();
  const isIdle =
    plan.rows.length === 0 && plan.changed.length === 0 && plan.dropped.length === 0 && verdicts.dead.length === 0;
  if (isIdle) {
    return { kind: "empty", cursor: plan.main, isEnd: rowsOf(page).length === 0 && isEnd(input) };
  }
  return {
    ...verdicts,
    kind: "batch",
    cursor: plan.main,
    whole: plan.isWhole,
    lanes: plan.lanes,
    changed: plan.changed,
    dropped: plan.dropped,
    judgedNs: input.nowNs,
    isProbe: false,
  };
}

/** Whether the log ends behind a page that has no rows. */
function isEnd({ main, page }: PlanInput): boolean {
  return main.form === "plain" && (page.skimmed?.isToEnd ?? true);
}

/**
 * Lanes whose rows the page left out: dropped with it, they would lose them. And fair-share lanes of which the page holds
 * more than a tenant's part, beside others: back on the main line such a tenant would take that part of the page and leave
 * it again, whatever its weight.
 */
function staysApart({ laneReads, page, lanes, policies }: PlanInput): ReadonlySet<Lane> {
  const apart = new Set<Lane>();
  if (page.skimmed !== undefined) {
    for (const { lane } of laneReads) if (page.skimmed.tenants.has(lane.filter.tenantId ?? "")) apart.add(lane);
  }
  if (!laneReads.some(({ lane, page: { isToEnd } }) => isToEnd && lane.reason === "fair-share")) return apart;
  const carried = new Map<Lane | undefined, number>();
  for (const row of rowsOf(page)) {
    const lane = lanes.cover(row);
    carried.set(lane, (carried.get(lane) ?? 0) + 1);
  }
  for (const { lane } of laneReads) {
    const { tenantId } = lane.filter;
    const limit = tenantId === null ? null : policies.of(tenantId).batchLimit;
    const isAlone = laneReads.length === 1 && !carried.has(undefined);
    if (lane.reason !== "fair-share" || limit === null || isAlone) continue;
    if ((carried.get(lane) ?? 0) > limit) apart.add(lane);
  }
  return apart;
}

/** Whether events of more than one tenant wait on the main line: only then is one tenant's part of a page too large. */
function hasSeveralTenants({ page, lanes }: PlanInput): boolean {
  let first: string | undefined;
  for (const row of rowsOf(page)) {
    if (lanes.size > 0 && lanes.cover(row) !== undefined) continue;
    first ??= row.tenantId;
    if (row.tenantId !== first) return true;
  }
  return false;
}

function isCarried(lanes: Lanes, lane: Lane, row: OutboxEvent): boolean {
  const cover = lanes.cover(row);
  return cover !== undefined && isSameFilter(cover.filter, lane.filter);
}
