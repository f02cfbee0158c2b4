import type { RunningServices } from "@siding/embedded/start-services.js";
import { counted, disturbance, type Side, type Turn, type TurnsSpec, takeTurns } from "../machine/take-turns.js";
import { coreShare, decimals, percent, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ResultTable, ScenarioResult } from "../report/scenario-result.js";
import { drainRaw } from "./drain-raw.js";
import { type DrainSpec, drainRelay } from "./drain-relay.js";
import type { DrainRound } from "./drain-round.js";

/** A relay emptying a backlog beside the same records sent without a database, turn by turn. */
export async function drain(services: RunningServices, spec: DrainSpec, turnsSpec: TurnsSpec): Promise<ScenarioResult> {
  const side = (name: string, measure: typeof drainRaw): Side<DrainRound> => ({
    name,
    measure: (run) => measure(services, spec, `bench-${run}`),
    say: (round) => `${whole(round.eventsPerSecond)} events/s`,
  });
  const sides = [side("raw", drainRaw), side("relay", drainRelay)];
  // The broker compiles its code as it runs: its first hundred thousands of records are its slowest.
  for (const { measure } of sides) await measure(`warm-${Date.now().toString(36)}`);
  const turns = await takeTurns(services, sides, turnsSpec);
  const raw = counted(turns, "raw");
  const relay = counted(turns, "relay");
  const ratio = speed(relay) / speed(raw);
  return {
    name: "drain",
    definition:
      "relay: from its first shard taken until Postgres holds everything as promoted; " +
      `raw: the same records, made beforehand, from the first begin to the last commit, no database${disturbance(turns)}`,
    settings: { ...spec, rounds: turnsSpec.rounds },
    tables: [speedTable(turns, raw, relay), cpuTable(turns)],
    targets: [
      { name: "drain, of the raw limit (medians)", figure: ratio, unit: "", aim: { atLeast: 0.7 } },
      {
        name: "relay's CPU per 100,000 events",
        figure: median(relay.map((round) => round.cpuSecondsPer100k)),
        unit: " s",
        aim: { atMost: 3 },
      },
    ],
    figures: { ratio, rawEventsPerSecond: speed(raw), relayEventsPerSecond: speed(relay), turns },
  };
}

function speed(rounds: readonly DrainRound[]): number {
  return median(rounds.map((round) => round.eventsPerSecond));
}

function nameOf({ side, round, disturbed }: Turn<DrainRound>): string {
  return `${side} ${round}${disturbed ? " disturbed" : ""}`;
}

function speedTable(
  turns: readonly Turn<DrainRound>[],
  raw: readonly DrainRound[],
  relay: readonly DrainRound[],
): ResultTable {
  const ratio = percent(speed(relay) / speed(raw));
  return {
    title: `relay ${whole(speed(relay))} events/s, raw ${whole(speed(raw))} events/s: ${ratio} of the raw limit`,
    head: ["turn", "seconds", "events/s", "CPU s/100k", "CPU s with start", "peak MB"],
    rows: turns.map((turn) => [
      ...[nameOf(turn), decimals(turn.figure.seconds, 2), whole(turn.figure.eventsPerSecond)],
      ...[decimals(turn.figure.cpuSecondsPer100k, 2), decimals(turn.figure.cpuSecondsWithStart, 2)],
      whole(turn.figure.peakMegabytes),
    ]),
  };
}

function cpuTable(turns: readonly Turn<DrainRound>[]): ResultTable {
  return {
    title: "who used the CPU, as a share of one core",
    head: ["turn", "relay or raw", "Postgres", "Kafka", "this benchmark", "others"],
    rows: turns.map((turn) => {
      const { cpu } = turn.figure;
      const parts = [cpu.subject, cpu.postgres, cpu.kafka, cpu.bench, cpu.others];
      return [nameOf(turn), ...parts.map((part) => coreShare(part, cpu.seconds))];
    }),
  };
}
