import type { Doubt, DoubtKind } from "./doubt.js";

/**
 * The operator's word after a halt, a closed set:
 * adopt: nothing is in doubt, go on with the servers as they are now.
 * scan: look into Kafka, and publish exactly what is missing there.
 * kafka-has-it: what Postgres laid down is in Kafka, go on behind it. Doubles nothing; where it is wrong, it loses.
 * kafka-lacks-it: what is in doubt is not in Kafka, publish it. Loses nothing; where it is wrong, it doubles.
 */
export const OPERATOR_VERDICTS = ["adopt", "scan", "kafka-has-it", "kafka-lacks-it"] as const;
export type OperatorVerdict = (typeof OPERATOR_VERDICTS)[number];

/**
 * What halts a shard while an operator's command works on it. It passes by itself, unless the command was cut off: then
 * it stays, and says what to do.
 */
export const RECOVERY_UNDER_WAY = "siding recover is under way, or was cut off: run it again";

/** How the shard's new cursor is found. */
export interface Ruling {
  /** The cursor to begin with: what it has consumed counts as published. */
  readonly base: "promoted" | "planned";
  /** Whether what Kafka is seen to hold counts as published too. */
  readonly scan: boolean;
}

export interface RulingInput {
  readonly verdict: OperatorVerdict;
  readonly doubt: Doubt;
  readonly hasPlan: boolean;
  /** Whether a time was given from which on events count as not published, whatever Postgres shows. */
  readonly hasSince: boolean;
  /** Whether a time was given up to which events count as published, whatever Postgres shows. */
  readonly hasUntil: boolean;
}

export type RulingResult =
  | { readonly kind: "ruling"; readonly ruling: Ruling }
  | { readonly kind: "refused"; readonly why: string };

/** What a verdict means for a shard, or why it cannot be given: pure, so that what is shown and what is done are one. */
export function ruleOn(input: RulingInput): RulingResult {
  const { verdict, doubt } = input;
  const why = refusalOf(input);
  if (why !== null) return { kind: "refused", why };
  if (verdict === "kafka-has-it" && doubt.kind !== "none" && doubt.kind !== "postgres-behind") {
    return { kind: "ruling", ruling: { base: input.hasPlan ? "planned" : "promoted", scan: false } };
  }
  return { kind: "ruling", ruling: { base: doubt.base, scan: verdict === "scan" } };
}

function refusalOf({ verdict, doubt, hasSince, hasUntil }: RulingInput): string | null {
  if (hasUntil && !(verdict === "kafka-has-it" && doubt.kind === "postgres-behind")) {
    return "--until goes with kafka-has-it where Postgres lost history, and with nothing else";
  }
  if (hasSince && (verdict === "adopt" || verdict === "kafka-has-it")) {
    return `--since goes with scan and kafka-lacks-it, not with ${verdict}`;
  }
  switch (verdict) {
    case "adopt":
      return doubt.kind === "none" ? null : "adopt is for shards whose numbers agree; here events are in doubt";
    case "scan":
    case "kafka-lacks-it":
      return doubt.kind === "kafka-behind" && !hasSince
        ? `Kafka lost what Postgres shows as published: ${verdict} needs --since TIME, a moment before the loss`
        : null;
    case "kafka-has-it":
      return doubt.kind === "postgres-behind" && !hasUntil
        ? "Postgres lost history: kafka-has-it needs --until TIME, the moment up to which everything was published"
        : null;
  }
}

/** The commands that an operator can choose from, the exact one first. */
export function commandsFor(doubt: Exclude<DoubtKind, "none">, shard: number): string {
  const recover = `siding recover --shard ${shard} --verdict`;
  return CHOICES[doubt].map(({ flags, risk }) => `${recover} ${flags} (${risk})`).join(", ");
}

/** What each doubt leaves to choose, the exact one first, with what it risks. */
export const CHOICES: Record<DoubtKind, readonly { verdict: OperatorVerdict; flags: string; risk: string }[]> = {
  none: [{ verdict: "adopt", flags: "adopt", risk: "exact" }],
  "plan-unknown": [
    { verdict: "scan", flags: "scan", risk: "exact" },
    { verdict: "kafka-lacks-it", flags: "kafka-lacks-it", risk: "may double the plan" },
    { verdict: "kafka-has-it", flags: "kafka-has-it", risk: "may lose the plan" },
  ],
  "number-gone": [
    { verdict: "scan", flags: "scan", risk: "exact" },
    { verdict: "kafka-has-it", flags: "kafka-has-it", risk: "exact if Postgres was not restored" },
  ],
  "postgres-behind": [
    { verdict: "scan", flags: "scan", risk: "exact" },
    { verdict: "kafka-lacks-it", flags: "kafka-lacks-it", risk: "may double" },
    { verdict: "kafka-has-it", flags: "kafka-has-it --until TIME", risk: "may lose" },
  ],
  "kafka-behind": [
    { verdict: "scan", flags: "scan --since TIME", risk: "exact" },
    { verdict: "kafka-lacks-it", flags: "kafka-lacks-it --since TIME", risk: "may double" },
    { verdict: "kafka-has-it", flags: "kafka-has-it", risk: "leaves what Kafka lost lost" },
  ],
};
