import { describe, expect, test } from "vitest";
import { type DoubtKind, doubtOf } from "./doubt.js";
import { CHOICES, OPERATOR_VERDICTS, type OperatorVerdict, ruleOn } from "./operator-verdict.js";

const KINDS = Object.keys(CHOICES) as DoubtKind[];
const rule = (verdict: OperatorVerdict, kind: DoubtKind, given: { since?: boolean; until?: boolean; plan?: boolean }) =>
  ruleOn({
    verdict,
    doubt: { kind, base: "promoted" },
    hasPlan: given.plan === true,
    hasSince: given.since === true,
    hasUntil: given.until === true,
  });

describe("what an operator's verdict means", () => {
  test.each(KINDS)("every choice that is shown for %s can be given as shown", (kind) => {
    for (const { verdict, flags } of CHOICES[kind]) {
      const given = { since: flags.includes("--since"), until: flags.includes("--until") };
      expect(rule(verdict, kind, given).kind, flags).toBe("ruling");
    }
  });

  test("adopt is refused while events are in doubt", () => {
    for (const kind of KINDS) expect(rule("adopt", kind, {}).kind).toBe(kind === "none" ? "ruling" : "refused");
  });

  test("where Kafka lost history, only an operator knows since when", () => {
    for (const verdict of ["scan", "kafka-lacks-it"] as const) {
      expect(rule(verdict, "kafka-behind", {})).toMatchObject({
        kind: "refused",
        why: expect.stringMatching(/--since/),
      });
    }
  });

  test("a plan in doubt stands with kafka-has-it and falls with the others", () => {
    expect(rule("kafka-has-it", "plan-unknown", { plan: true })).toMatchObject({ ruling: { base: "planned" } });
    expect(rule("kafka-lacks-it", "plan-unknown", { plan: true })).toMatchObject({ ruling: { base: "promoted" } });
    expect(rule("scan", "plan-unknown", { plan: true })).toMatchObject({ ruling: { base: "promoted", scan: true } });
  });

  test("pending events of a restored Postgres are never given up without a time", () => {
    expect(rule("kafka-has-it", "postgres-behind", {}).kind).toBe("refused");
  });

  test("what the numbers decide, no verdict overrules", () => {
    const doubt = doubtOf({
      promotedBatch: 4n,
      plannedBatch: 5n,
      committedBatch: 5n,
      genesisDone: true,
      isKafkaReplaced: false,
    });
    for (const verdict of OPERATOR_VERDICTS) {
      const result = ruleOn({ verdict, doubt, hasPlan: true, hasSince: false, hasUntil: false });
      expect(result).toMatchObject({ ruling: { base: "planned" } });
    }
  });

  test("another cluster's number says nothing, unless it is the same", () => {
    const sides = { promotedBatch: 4n, plannedBatch: null, genesisDone: true, isKafkaReplaced: true };
    expect(doubtOf({ ...sides, committedBatch: 9n }).kind).toBe("kafka-behind");
    expect(doubtOf({ ...sides, committedBatch: null }).kind).toBe("kafka-behind");
    expect(doubtOf({ ...sides, committedBatch: 4n }).kind).toBe("none");
  });
});
