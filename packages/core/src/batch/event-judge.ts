import { type Breakers, coolDownMs } from "../breaker/breakers.js";
import type { OutboxEvent } from "../event/outbox-event.js";
import { isSameFilter, type Lane, ofOrder, ofTenant } from "../lane/lane.js";
import type { Lanes } from "../lane/lanes.js";
import { type Hold, STOP } from "../lane/plan-lines.js";
import type { BreakerPolicy, TenantPolicies, TenantPolicy } from "../policy/tenant-policy.js";
import type { Limit } from "../quota/limit.js";
import { askQuota, NOTHING_USED, type Quota, type QuotaState, type QuotaUse, usedMore } from "../quota/quota.js";
import type { Failure } from "../retry/failure.js";
import { retryFilter, tenantTopicFilter, topicFilter } from "./hold-filter.js";
import type { Batch } from "./plan-batch.js";

/** What decides whether an event may go. */
export interface Rules {
  readonly policies: TenantPolicies;
  /** What each tenant has used; a tenant that is missing has used nothing. */
  readonly quotas: ReadonlyMap<string, QuotaState>;
  /** Topics that cannot be published to now, with the reason. */
  readonly topicFaults: ReadonlyMap<string, string>;
  readonly breakers: Breakers;
  /** Events that were refused before, by seq. */
  readonly failures: ReadonlyMap<bigint, Failure>;
  /** When each of those may be tried again, in ms of Postgres' clock. */
  readonly retryAtMs: ReadonlyMap<bigint, number>;
  /** Events that a recovery found to be in Kafka already, by seq: consumed without being published. */
  readonly alreadyPublished: ReadonlySet<bigint>;
  /** Dead letters that were ruled on while what follows under their key waited: passed, and never published. */
  readonly discarded: ReadonlySet<bigint>;
  /** Postgres' clock when the main line's page was read, in ns since 1970. */
  readonly nowNs: bigint;
  readonly attemptsMax: number;
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** The main line's share of the batch; above 0. */
  readonly mainBytes: number;
}

/** What a failing topic costs where no policy says it. */
const NO_BREAKER: BreakerPolicy = { failures: 1, coolDownMs: 500, coolDownMaxMs: 500 };
/** A tenant over its quota moves in steps: an event at a time would make a batch of each. */
const QUOTA_STEP_MAX_NS = 1_000_000_000n;
const QUOTA_STEPS_A_WINDOW = 10n;
const NS_A_MS = 1_000_000n;

/** Judges the events of one batch, one after another in the order in which they would go, and keeps the sums. */
export class EventJudge {
  readonly #rules: Rules;
  readonly #isContended: boolean;
  readonly #nowMs: number;
  readonly #events: OutboxEvent[] = [];
  readonly #dead: Batch["dead"][number][] = [];
  readonly #passed: OutboxEvent[] = [];
  readonly #held: Hold[] = [];
  readonly #quotas = new Map<string, QuotaUse>();
  readonly #observed = new Map<string, number>();
  readonly #used = new Map<Lane, number>();
  readonly #ofMain = new Map<string, number>();
  #bytes = 0;
  #mainBytes = 0;
  #isFull = false;
  /** Rows of one tenant come in runs. */
  #tenantId: string | null = null;
  #policy!: TenantPolicy;

  /** @param isContended whether tenants wait beside each other, so that one tenant's part of a page is limited */
  constructor(rules: Rules, isContended: boolean) {
    this.#rules = rules;
    this.#isContended = isContended;
    this.#nowMs = Number(rules.nowNs / NS_A_MS);
  }

  /** @param lanes as the batch has made them so far */
  judge(event: OutboxEvent, lane: Lane | undefined, lanes: Lanes): Hold | typeof STOP | null {
    const verdict = this.#verdict(event, lane, lanes);
    if (verdict !== null && verdict !== STOP) this.#held.push(verdict);
    return verdict;
  }

  /** What the event uses of its tenant's quota, whether it had to ask or not. */
  pay(event: OutboxEvent): Hold | null {
    const { quota } = this.#policyOf(event.tenantId);
    if (quota === null) return null;
    const use = this.#quotas.get(event.tenantId);
    const state = use?.state ?? this.#rules.quotas.get(event.tenantId) ?? NOTHING_USED;
    const answer = askQuota(quota, state, this.#rules.nowNs, event.bytes);
    switch (answer.kind) {
      case "go":
        this.#quotas.set(event.tenantId, usedMore(quota, use, state, answer.state, event.bytes));
        return null;
      case "would-wait":
        this.#observed.set(event.tenantId, (this.#observed.get(event.tenantId) ?? 0) + 1);
        return null;
      case "wait":
        return quotaHold(event.tenantId, quota, answer.limit, answer.resumeAtNs, this.#rules.nowNs);
    }
  }

  verdicts(): Pick<Batch, "events" | "dead" | "passed" | "held" | "quotas" | "observed" | "used" | "isFull"> {
    return {
      events: this.#events,
      dead: this.#dead,
      passed: this.#passed,
      held: this.#held,
      quotas: this.#quotas,
      observed: this.#observed,
      used: this.#used,
      isFull: this.#isFull,
    };
  }

  #verdict(event: OutboxEvent, lane: Lane | undefined, lanes: Lanes): Hold | typeof STOP | null {
    const { rules, policy } = { rules: this.#rules, policy: this.#policyOf(event.tenantId) };
    const pause = rules.policies.pauseOf(event.tenantId);
    if (pause !== null) {
      const detail = `paused by ${pause.actor}: ${pause.reason}`;
      return { filter: ofTenant(event.tenantId), reason: "paused", detail, resumeAtMs: pause.untilMs, probes: 0 };
    }
    if (rules.alreadyPublished.size > 0 && rules.alreadyPublished.has(event.seq)) {
      this.#passed.push(event);
      return null;
    }
    if (rules.discarded.size > 0 && rules.discarded.has(event.seq)) return null;
    const failure = rules.failures.size === 0 ? undefined : rules.failures.get(event.seq);
    if (failure !== undefined && failure.attempts >= rules.attemptsMax) return this.#bury(event, failure);
    const stopped = this.#topicHold(event, lane, lanes) ?? this.#retryHold(event, lane, failure, lanes);
    if (stopped !== null) return stopped;
    if (this.#isOver(lane)) return STOP;
    const share = this.#shareHold(event, lane, policy) ?? this.pay(event);
    if (share !== null) return share;
    this.#events.push(event);
    this.#bytes += event.bytes;
    if (lane === undefined) this.#mainBytes += event.bytes;
    else this.#used.set(lane, (this.#used.get(lane) ?? 0) + event.bytes);
    return null;
  }

  /** It has used up its attempts: consumed by the batch without being published. */
  #bury(event: OutboxEvent, failure: Failure): Hold | null {
    this.#dead.push({ event, failure });
    if (this.#policyOf(event.tenantId).retry === "flow-first" || event.key === null) return null;
    const detail = `dead letter ${event.eventId}: what follows waits until it is ruled on`;
    return { filter: ofOrder(event), reason: "retry", detail, resumeAtMs: null, probes: 0 };
  }

  /** A topic that fails for everybody, or for this tenant. A lane whose cool-down is over has its probe next, alone. */
  #topicHold(event: OutboxEvent, lane: Lane | undefined, lanes: Lanes): Hold | typeof STOP | null {
    const fault = this.#rules.topicFaults.get(event.topic);
    if (fault !== undefined) {
      const probes = lane?.reason === "breaker" ? lane.probes + 1 : 0;
      const { breaker } = this.#policyOf(event.tenantId);
      const resumeAtMs = this.#nowMs + coolDownMs(breaker ?? NO_BREAKER, probes);
      return { filter: topicFilter(event, lane, lanes), reason: "breaker", detail: fault, resumeAtMs, probes };
    }
    const open = this.#rules.breakers.openAt(event, this.#nowMs);
    if (open !== null) {
      const { untilMs: resumeAtMs, probes, detail } = open;
      return { filter: tenantTopicFilter(event, lanes), reason: "breaker", detail, resumeAtMs, probes };
    }
    return lane?.reason === "breaker" ? STOP : null;
  }

  /** An event that was refused waits in its own lane, and what has to keep its order with it. */
  #retryHold(
    event: OutboxEvent,
    lane: Lane | undefined,
    failure: Failure | undefined,
    lanes: Lanes,
  ): Hold | typeof STOP | null {
    if (failure === undefined) return null;
    const filter = retryFilter(event, lanes);
    const atMs = this.#rules.retryAtMs.get(event.seq) ?? 0;
    const isOwn = lane !== undefined && (isSameFilter(lane.filter, filter) || filter.topic === null);
    if (isOwn && atMs <= this.#nowMs) return STOP;
    const detail = `attempt ${failure.attempts} of ${this.#rules.attemptsMax} failed: ${failure.lastError}`;
    return { filter, reason: "retry", detail, resumeAtMs: Math.max(atMs, this.#nowMs), probes: 0 };
  }

  #isOver(lane: Lane | undefined): boolean {
    const { eventsMax, bytesMax, mainBytes } = this.#rules;
    if (this.#events.length >= eventsMax || this.#bytes >= bytesMax) this.#isFull = true;
    return this.#isFull || (lane === undefined && this.#mainBytes >= mainBytes);
  }

  /** More than its part of a page while others wait: the rest has a lane, which is due at once. */
  #shareHold(event: OutboxEvent, lane: Lane | undefined, policy: TenantPolicy): Hold | null {
    if (lane !== undefined || !this.#isContended || policy.batchLimit === null) return null;
    const taken = this.#ofMain.get(event.tenantId) ?? 0;
    this.#ofMain.set(event.tenantId, taken + 1);
    if (taken < policy.batchLimit) return null;
    const detail = `more than ${policy.batchLimit} events of a page while others wait`;
    return { filter: ofTenant(event.tenantId), reason: "fair-share", detail, resumeAtMs: this.#nowMs, probes: 0 };
  }

  #policyOf(tenantId: string): TenantPolicy {
    if (this.#tenantId !== tenantId) {
      this.#tenantId = tenantId;
      this.#policy = this.#rules.policies.of(tenantId);
    }
    return this.#policy;
  }
}

function quotaHold(tenantId: string, quota: Quota, kind: "events" | "bytes", resumeAtNs: bigint, nowNs: bigint): Hold {
  const limit = quota[kind]!;
  const stepNs = limit.windowNs / QUOTA_STEPS_A_WINDOW;
  const soonestNs = nowNs + (stepNs < QUOTA_STEP_MAX_NS ? stepNs : QUOTA_STEP_MAX_NS);
  const atNs = resumeAtNs > soonestNs ? resumeAtNs : soonestNs;
  const resumeAtMs = Number((atNs + NS_A_MS - 1n) / NS_A_MS);
  return { filter: ofTenant(tenantId), reason: "quota", detail: describe(limit, kind), resumeAtMs, probes: 0 };
}

function describe({ amount, windowNs }: Limit, kind: "events" | "bytes"): string {
  return `quota of ${amount} ${kind} in ${Number(windowNs / NS_A_MS) / 1000} s`;
}
