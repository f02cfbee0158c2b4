import type { RunningServices } from "@siding/embedded/start-services.js";
import { type DrainSpec, drainRelay } from "../drain/drain-relay.js";
import { decimals, whole } from "../report/format.js";
import type { ScenarioResult } from "../report/scenario-result.js";

/** Whether a relay's memory grows with its backlog: the largest resident set while it drains a great one. */
export async function memory(services: RunningServices, spec: DrainSpec): Promise<ScenarioResult> {
  const round = await drainRelay(services, spec, `bench-memory-${Date.now().toString(36)}`);
  return {
    name: "memory",
    definition: "the relay's largest resident set (VmHWM) from its start to the end of the backlog",
    settings: spec,
    tables: [
      {
        title: `a backlog of ${whole(spec.events)} events`,
        head: ["peak MB", "seconds", "events/s", "CPU s/100k"],
        rows: [
          [
            ...[whole(round.peakMegabytes), decimals(round.seconds, 1)],
            ...[whole(round.eventsPerSecond), decimals(round.cpuSecondsPer100k, 2)],
          ],
        ],
      },
    ],
    targets: [{ name: "peak memory", figure: round.peakMegabytes, unit: " MB", aim: { atMost: 250 } }],
    figures: round,
  };
}
