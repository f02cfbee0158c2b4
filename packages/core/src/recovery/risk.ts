import type { DoubtKind } from "./doubt.js";
import type { OperatorVerdict } from "./operator-verdict.js";

/** How a verdict divided the events in question. */
export interface EventCounts {
  readonly owed: number;
  readonly inPlan: number;
  readonly setBack: number;
  readonly givenUp: number;
}

/** At most how many events a verdict doubles or loses, should it be wrong. */
export interface Risk {
  readonly mayDouble: number;
  readonly mayLose: number;
}

/** adopt and scan rest on what both systems say; the others are the operator's word, and this is what it weighs. */
export function riskOf(verdict: OperatorVerdict, doubt: DoubtKind, counts: EventCounts): Risk {
  switch (verdict) {
    case "adopt":
    case "scan":
      return { mayDouble: 0, mayLose: 0 };
    case "kafka-has-it":
      return { mayDouble: 0, mayLose: doubt === "none" ? 0 : counts.inPlan + counts.givenUp };
    case "kafka-lacks-it":
      return { mayDouble: doubled(doubt, counts), mayLose: 0 };
  }
}

function doubled(doubt: DoubtKind, { owed, inPlan, setBack }: EventCounts): number {
  switch (doubt) {
    case "none":
      return setBack;
    case "plan-unknown":
    case "kafka-behind":
      return setBack + inPlan;
    case "number-gone":
    case "postgres-behind":
      return owed;
  }
}
