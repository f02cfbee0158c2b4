import type { RunningServices } from "@siding/embedded/start-services.js";
import { measureQuietly } from "../machine/quiet.js";
import { coreShare, decimals, percent, whole } from "../report/format.js";
import { median } from "../report/median.js";
import type { ResultTable, ScenarioResult } from "../report/scenario-result.js";
import { drainRaw } from "./drain-raw.js";
import { drainRelay, type DrainSpec } from "./drain-relay.js";
import type { DrainRound } from "./drain-round.js";

const WARM_UP_EVENTS = 50_000;

/** A relay emptying a backlog beside the same records sent without a database, turn by turn. */
export async function drain(
  services: RunningServices,
  spec: DrainSpec & { readonly rounds: number; readonly patienceSeconds: number },
  say: (line: string) => void,
): Promise<ScenarioResult> {
  const run = Date.now().toString(36);
  // The broker compiles its code as it runs. Without this the first raw round would pay for it, and flatter the relay.
  await drainRaw(services, { ...spec, events: WARM_UP_EVENTS }, `bench-warm-${run}`);
  const raw: DrainRound[] = [];
  const relay: DrainRound[] = [];
  let name = 0;
  const measure = async (side: typeof drainRaw): Promise<DrainRound> => {
    name += 1;
    const round = await side(services, spec, `bench-${run}-${name}`);
    const others = coreShare(round.cpu.others, round.cpu.seconds);
    say(`  ${side === drainRaw ? "raw" : "relay"} ${whole(round.eventsPerSecond)} events/s (others used ${others} of a core)`);
    return round;
  };
  for (let round = 1; round <= spec.rounds; round++) {
    say(`drain, round ${round} of ${spec.rounds}`);
    raw.push(await measureQuietly(services, spec.patienceSeconds, () => measure(drainRaw)));
    relay.push(await measureQuietly(services, spec.patienceSeconds, () => measure(drainRelay)));
  }
  const ratio = speed(relay) / speed(raw);
  return {
    name: "drain",
    definition:
      "relay: from its first shard taken until Postgres holds everything as promoted; " +
      "raw: the same records, made beforehand, from the first begin to the last commit, no database",
    settings: spec,
    tables: [roundTable(raw, relay), cpuTable(raw, relay)],
    targets: [
      { name: "drain, of the raw limit (medians)", figure: ratio, unit: "", aim: { atLeast: 0.7 } },
      {
        name: "relay's CPU per 100,000 events",
        figure: median(relay.map((round) => round.cpuSecondsPer100k)),
        unit: " s",
        aim: { atMost: 3 },
      },
    ],
    figures: { ratio, raw, relay },
  };
}

function speed(rounds: readonly DrainRound[]): number {
  return median(rounds.map((round) => round.eventsPerSecond));
}

function roundTable(raw: readonly DrainRound[], relay: readonly DrainRound[]): ResultTable {
  const row = (name: string, { seconds, eventsPerSecond, ...round }: DrainRound): string[] => [
    ...[name, decimals(seconds, 2), whole(eventsPerSecond), decimals(round.cpuSecondsPer100k, 2)],
    ...[decimals(round.cpuSecondsWithStart, 2), whole(round.peakMegabytes)],
  ];
  const rows = raw.flatMap((_, i) => [row(`raw ${i + 1}`, raw[i]!), row(`relay ${i + 1}`, relay[i]!)]);
  const ratio = percent(speed(relay) / speed(raw));
  return {
    title: `relay ${whole(speed(relay))} events/s, raw ${whole(speed(raw))} events/s: ${ratio} of the raw limit`,
    head: ["round", "seconds", "events/s", "CPU s/100k", "CPU s with start", "peak MB"],
    rows,
  };
}

function cpuTable(raw: readonly DrainRound[], relay: readonly DrainRound[]): ResultTable {
  const row = (name: string, { cpu }: DrainRound): string[] => [
    name,
    ...[cpu.subject, cpu.postgres, cpu.kafka, cpu.bench, cpu.others].map((part) => coreShare(part, cpu.seconds)),
  ];
  return {
    title: "who used the CPU, as a share of one core",
    head: ["round", "relay or raw", "Postgres", "Kafka", "this benchmark", "others"],
    rows: raw.flatMap((_, i) => [row(`raw ${i + 1}`, raw[i]!), row(`relay ${i + 1}`, relay[i]!)]),
  };
}
