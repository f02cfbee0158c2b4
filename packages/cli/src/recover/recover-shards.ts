import type { Cursor } from "@siding/core/cursor/cursor.js";
import { SidingError } from "@siding/core/errors.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import {
  type OperatorVerdict,
  RECOVERY_UNDER_WAY,
  type Ruling,
  ruleOn,
} from "@siding/core/recovery/operator-verdict.js";
import { riskOf } from "@siding/core/recovery/risk.js";
import { rebased, setBack } from "@siding/core/recovery/set-back.js";
import { CLOCK_MARGIN_MS, scanEventIds } from "@siding/publisher-kafka/scan-event-ids.js";
import type { SettledEvents } from "@siding/store-postgres/recovery-store.js";
import type { SidingConfig } from "../config/settings.js";
import { type ExaminedShard, RecoverSession, situationOf } from "./recover-session.js";
import type { RecoveryReport, ShardOutcome } from "./recovery-report.js";
import { type ShardTarget, targetShards } from "./shard-target.js";

export interface RecoverOptions {
  readonly config: SidingConfig;
  readonly target: ShardTarget;
  readonly verdict: OperatorVerdict;
  /** RFC 3339: what was created from then on counts as not published, whatever Postgres shows. */
  readonly since: string | null;
  /** RFC 3339: what was created before counts as published. */
  readonly until: string | null;
  readonly isDryRun: boolean;
  readonly reason: string;
  /** Who decides, as it is recorded. */
  readonly actor: string;
  /** Asked once everything is known and nothing is decided. */
  readonly confirm: (report: RecoveryReport) => Promise<boolean>;
}

interface Ruled {
  readonly examined: ExaminedShard;
  readonly ruling: Ruling;
}

interface Decided extends Ruled {
  readonly outcome: ShardOutcome;
  readonly cursor: Cursor;
}

/**
 * Carries an operator's verdict out: fences the shards in both systems, finds which events are owed, lays the decision
 * down with its record in one transaction, and brings both systems to one new number. Whatever fails before that
 * transaction leaves everything as it was; whatever fails after it leaves the shards halted, for the same command again.
 * @returns null when the operator did not confirm
 * @throws SIDING_VERDICT_REFUSED, SIDING_SCAN_INCOMPLETE, SIDING_STORE_*, SIDING_BROKER_*
 */
export async function recoverShards(options: RecoverOptions): Promise<RecoveryReport | null> {
  const session = await RecoverSession.open(options.config);
  const opened = new Map<number, ShardPublisher>();
  try {
    if (session.identityChange !== null && options.target.kind === "one") {
      const message = `${session.identityChange}: this concerns every shard, so give --all in place of --shard`;
      throw new SidingError("SIDING_VERDICT_REFUSED", message);
    }
    const asked = targetShards(options.target, session.shards);
    const seen = ruleAll(await session.examine(asked), options);
    const ruled = seen.filter((shard) => needsRecovery(shard, session, options));
    const shards = ruled.map(({ examined }) => examined.record.shard);
    const inOrder = asked.filter((shard) => !shards.includes(shard));
    if (shards.length === 0) return reportOf(session, options, [], inOrder, null, !options.isDryRun);
    if (options.isDryRun) return await judge(session, options, shards, inOrder).then(({ report }) => report);
    await session.store.fence(shards, RECOVERY_UNDER_WAY);
    return await recoverFenced(session, options, shards, inOrder, opened);
  } finally {
    await Promise.all([...opened.values()].map((publisher) => publisher.close()));
    await session.close();
  }
}

async function recoverFenced(
  session: RecoverSession,
  options: RecoverOptions,
  shards: readonly number[],
  inOrder: readonly number[],
  opened: Map<number, ShardPublisher>,
): Promise<RecoveryReport | null> {
  const { store, publisher } = session;
  let records: ReadonlyMap<number, string>;
  let judged: Awaited<ReturnType<typeof judge>>;
  try {
    for (const shard of shards) opened.set(shard, await publisher.open(shard));
    judged = await judge(session, options, shards, inOrder, opened);
    if (!(await options.confirm(judged.report))) {
      await giveUp(session, shards);
      return null;
    }
    records = await decide(session, options, judged.decided);
    await store.end("commit");
  } catch (error) {
    await giveUp(session, shards).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  for (const { examined, outcome } of judged.decided) {
    const { shard, epoch } = examined.record;
    if (session.isNumbered) await opened.get(shard)!.commitNumber(outcome.newBatch);
    await store.finish(shard, epoch, outcome.newBatch, records.get(shard)!);
  }
  return { ...judged.report, isDone: true };
}

async function giveUp({ store }: RecoverSession, shards: readonly number[]): Promise<void> {
  await store.end("rollback");
  await store.release(shards, RECOVERY_UNDER_WAY);
}

/** @throws SIDING_VERDICT_REFUSED naming every shard for which the verdict cannot be given */
function ruleAll(shards: readonly ExaminedShard[], { verdict, since, until }: RecoverOptions): readonly Ruled[] {
  const refusals: string[] = [];
  const ruled: Ruled[] = [];
  for (const examined of shards) {
    const { doubt, record } = examined;
    // With --all the times are meant for the shards that need them.
    const hasUntil = until !== null && (doubt.kind === "postgres-behind" || shards.length === 1);
    const hasPlan = record.plannedBatch !== null;
    const result = ruleOn({ verdict, doubt, hasPlan, hasSince: since !== null, hasUntil });
    if (result.kind === "refused") refusals.push(`shard ${record.shard}: ${result.why}`);
    else ruled.push({ examined, ruling: result.ruling });
  }
  if (refusals.length > 0) throw new SidingError("SIDING_VERDICT_REFUSED", refusals.join("; "));
  return ruled;
}

function needsRecovery({ examined }: Ruled, session: RecoverSession, { since }: RecoverOptions): boolean {
  const { doubt, record } = examined;
  return doubt.kind !== "none" || record.haltedReason !== null || session.identityChange !== null || since !== null;
}

/** Finds what the verdict comes to, in a transaction that is left open for the decision; a dry run ends it. */
async function judge(
  session: RecoverSession,
  options: RecoverOptions,
  shards: readonly number[],
  inOrder: readonly number[],
  opened?: ReadonlyMap<number, ShardPublisher>,
): Promise<{ report: RecoveryReport; decided: readonly Decided[] }> {
  const { store, isRebased } = session;
  await store.begin();
  const ruled = ruleAll(await session.examine(shards, opened), options);
  for (const { examined, ruling } of ruled) await store.collect(examined.record.shard, ruling.base, options.since);
  const scanned = ruled.some(({ ruling }) => ruling.scan) ? await scan(session) : null;
  const decided: Decided[] = [];
  for (const { examined, ruling } of ruled) {
    const { record, doubt, kafkaBatch } = examined;
    const events = await store.settle(record.shard, {
      since: options.since,
      until: doubt.kind === "postgres-behind" ? options.until : null,
      earlierHolds: doubt.kind !== "kafka-behind" && options.since === null,
    });
    const highest = kafkaBatch !== null && kafkaBatch > record.lastBatch ? kafkaBatch : record.lastBatch;
    const outcome: ShardOutcome = {
      ...situationOf(examined),
      newBatch: highest + 1n,
      events,
      risk: riskOf(options.verdict, doubt.kind, events),
    };
    decided.push({ examined, ruling, outcome, cursor: newCursor(baseOf(examined, ruling), events, isRebased) });
  }
  if (options.isDryRun) await store.end("rollback");
  return { report: reportOf(session, options, decided, inOrder, scanned, false), decided };
}

async function scan({ store, kafka }: RecoverSession): Promise<number> {
  const topics = new Map([...(await store.topics())].map(([topic, ms]) => [topic, Math.max(0, ms - CLOCK_MARGIN_MS)]));
  const { records } = await scanEventIds({
    kafka,
    topics,
    onRecords: (found) => store.see(found.map(({ eventId }) => eventId)),
  });
  return records;
}

function baseOf({ record }: ExaminedShard, { base }: Ruling): Cursor {
  return base === "planned" && record.plannedCursor !== null ? record.plannedCursor : record.cursor;
}

function newCursor(base: Cursor, events: SettledEvents, isRebased: boolean): Cursor {
  if (!isRebased) return setBack(base, events.firstSetBack);
  const last = events.lastSeq !== null && events.lastSeq > base.position ? events.lastSeq : base.position;
  return rebased(events.firstOwed, last, events.snapshot);
}

async function decide(
  session: RecoverSession,
  options: RecoverOptions,
  decided: readonly Decided[],
): Promise<ReadonlyMap<number, string>> {
  const { store, isRebased, isNumbered } = session;
  const decisions = decided.map(({ examined, ruling, outcome, cursor }) => {
    const { shard, epoch, promotedBatch, plannedBatch } = examined.record;
    const standsTo = ruling.base === "planned" && plannedBatch !== null ? plannedBatch : promotedBatch;
    return { shard, epoch, batch: outcome.newBatch, standsTo, cursor, isRebased, isNumbered };
  });
  for (const decision of decisions) await store.list(decision);
  if (isRebased) await store.forgetForeignXids();
  const records = new Map<number, string>();
  for (const [index, decision] of decisions.entries()) {
    await store.decide(decision);
    records.set(decision.shard, await store.record(recordOf(session, options, decided[index]!)));
  }
  if (session.identityChange !== null) await store.pin(session.identity);
  return records;
}

function recordOf(session: RecoverSession, options: RecoverOptions, { examined, outcome, cursor, ruling }: Decided) {
  const { record } = examined;
  const { verdict, reason, actor, since, until } = options;
  const before = {
    doubt: outcome.doubt,
    kafka_batch: text(outcome.kafkaBatch),
    promoted_batch: text(record.promotedBatch),
    planned_batch: text(record.plannedBatch),
    position: text(record.cursor.position),
    planned_position: text(record.plannedCursor?.position ?? null),
    halted_reason: record.haltedReason,
    identity_change: session.identityChange,
  };
  const { events, risk } = outcome;
  const after = {
    batch: text(outcome.newBatch),
    base: ruling.base,
    position: text(cursor.position),
    since,
    until,
    events: events.events,
    owed: events.owed,
    found_in_kafka: events.seen,
    may_double: risk.mayDouble,
    may_lose: risk.mayLose,
  };
  return { shard: record.shard, verdict, reason, actor, before, after };
}

function text(value: bigint | null): string | null {
  return value === null ? null : String(value);
}

function reportOf(
  session: RecoverSession,
  { verdict }: RecoverOptions,
  decided: readonly Decided[],
  inOrder: readonly number[],
  scannedRecords: number | null,
  isDone: boolean,
): RecoveryReport {
  const shards = decided.map(({ outcome }) => outcome);
  return { identityChange: session.identityChange, shards, inOrder, verdict, scannedRecords, isDone };
}
