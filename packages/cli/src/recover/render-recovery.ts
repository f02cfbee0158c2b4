import type { DoubtKind } from "@siding/core/recovery/doubt.js";
import { CHOICES } from "@siding/core/recovery/operator-verdict.js";
import { describeDoubt } from "@siding/core/recovery/settle.js";
import { plural } from "../plural.js";
import type { RecoveryReport, ShardOutcome, ShardSituation, SurveyReport } from "./recovery-report.js";

/** What `siding recover` says without a verdict: what happened, and what can be typed. */
export function renderSurvey(survey: SurveyReport, target: string): string {
  const lines: string[] = [];
  if (survey.identityChange !== null) lines.push(`${survey.identityChange}.`, "");
  const kinds = new Set<DoubtKind>();
  for (const shard of survey.shards) {
    if (shard.doubt !== "none" || shard.haltedReason !== null || survey.identityChange !== null) kinds.add(shard.doubt);
    const inPlan = shard.plannedBatch === null ? "" : `, ${shard.inPlan} of them in the open plan`;
    lines.push(`shard ${shard.shard}: ${situation(shard)}`, `  ${plural(shard.pending, "event")} pending${inPlan}`);
  }
  if (kinds.size === 0) return `${lines.join("\n")}\n\nNothing to recover.\n`;
  lines.push("", "What can be typed (add --dry-run to see what it would do, in events):");
  // One verdict is given for all shards that are asked for, so only what fits each of them is shown.
  for (const { flags, risk } of choicesFor(kinds)) {
    lines.push(`  siding recover ${target} --verdict ${flags} --reason TEXT    ${risk}`);
  }
  return `${lines.join("\n")}\n`;
}

function choicesFor(kinds: ReadonlySet<DoubtKind>): readonly { flags: string; risk: string }[] {
  const hardest = HARDEST_LAST.filter((kind) => kinds.has(kind)).at(-1) ?? "none";
  return CHOICES[hardest];
}

/** Whatever can be given for one of these can be given for those before it too. */
const HARDEST_LAST: readonly DoubtKind[] = ["none", "number-gone", "plan-unknown", "postgres-behind", "kafka-behind"];

/** What a verdict would do, or has done. */
export function renderRecovery(report: RecoveryReport): string {
  const lines: string[] = [];
  if (report.identityChange !== null) lines.push(`${report.identityChange}.`);
  if (report.scannedRecords !== null) lines.push(`Read ${plural(report.scannedRecords, "record")} in Kafka.`);
  for (const shard of report.shards) {
    lines.push(`shard ${shard.shard}: ${situation(shard)}`, `  ${outcome(shard, report)}`);
  }
  if (report.inOrder.length > 0) lines.push(`In order, nothing to recover: shard ${report.inOrder.join(", ")}.`);
  return `${lines.join("\n")}\n`;
}

function situation(shard: ShardSituation): string {
  if (shard.doubt === "none") return `both systems agree on batch ${shard.kafkaBatch ?? shard.promotedBatch}`;
  const since = shard.promotedAt === null ? "" : `; last batch promoted at ${shard.promotedAt}`;
  return `${describeDoubt(shard.doubt, { ...shard, committedBatch: shard.kafkaBatch })}${since}`;
}

function outcome({ events, risk, newBatch }: ShardOutcome, { verdict, isDone }: RecoveryReport): string {
  const found = verdict === "scan" ? `, ${events.seen} found in Kafka` : "";
  const what = `${plural(events.events, "event")} in question${found}, ${events.owed} to be published`;
  const doubt = [
    risk.mayDouble > 0 ? `MAY DOUBLE up to ${plural(risk.mayDouble, "event")}` : "",
    risk.mayLose > 0 ? `MAY LOSE up to ${plural(risk.mayLose, "event")}` : "",
  ].filter((text) => text !== "");
  const weighed = doubt.length === 0 ? "" : `; ${doubt.join(", ")}`;
  return `${isDone ? "recovered" : "would recover"} with ${verdict} as batch ${newBatch}: ${what}${weighed}`;
}

/** `-o json` of either. Names are public and only added to; 64-bit numbers are strings. */
export function renderRecoveryJson(report: RecoveryReport | SurveyReport): string {
  const isSurvey = !("verdict" in report);
  const document = {
    identity_change: report.identityChange,
    ...(isSurvey
      ? {}
      : {
          verdict: report.verdict,
          done: report.isDone,
          scanned_records: report.scannedRecords,
          in_order: report.inOrder,
        }),
    shards: report.shards.map((shard) => ({
      shard: shard.shard,
      doubt: shard.doubt,
      kafka_batch: text(shard.kafkaBatch),
      promoted_batch: text(shard.promotedBatch),
      planned_batch: text(shard.plannedBatch),
      promoted_at: shard.promotedAt,
      halted_reason: shard.haltedReason,
      ...("pending" in shard
        ? {
            pending: shard.pending,
            in_plan: shard.inPlan,
            choices: CHOICES[shard.doubt].map(({ flags, risk }) => ({ flags: `--verdict ${flags}`, risk })),
          }
        : {
            new_batch: text(shard.newBatch),
            events: shard.events.events,
            owed: shard.events.owed,
            found_in_kafka: shard.events.seen,
            may_double: shard.risk.mayDouble,
            may_lose: shard.risk.mayLose,
          }),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function text(value: bigint | null): string | null {
  return value === null ? null : String(value);
}
