import { startServices } from "@siding/embedded/start-services.js";
import { Argument, Command, InvalidArgumentError } from "commander";
import { backlog } from "./backlog/backlog.js";
import { drain } from "./drain/drain.js";
import { enqueue } from "./enqueue/enqueue.js";
import { fairness } from "./fairness/fairness.js";
import { idle } from "./idle/idle.js";
import { inspect } from "./inspect/inspect.js";
import { lanes } from "./lanes/lanes.js";
import { latency } from "./latency/latency.js";
import { machineFacts } from "./machine/machine-facts.js";
import { memory } from "./memory/memory.js";
import { replay } from "./replay/replay.js";
import { printResult } from "./report/print-result.js";
import type { ScenarioResult } from "./report/scenario-result.js";
import { writeResults } from "./report/write-results.js";

const SCENARIOS = [
  "drain",
  "latency",
  "memory",
  "enqueue",
  "idle",
  "fairness",
  "replay",
  "inspect",
  "lanes",
  "backlog",
] as const;
/** Of fairness and replay: the others, and each one's rate; of fairness how many times as much the flood sends. */
const QUIET_TENANTS = 20;
const QUIET_PER_SECOND = 10;
const FLOOD_TIMES = 100;
type Scenario = (typeof SCENARIOS)[number];

interface Flags {
  readonly events: number;
  readonly piled: number;
  readonly tenants: number;
  readonly replayed: number;
  readonly logEvents: number;
  readonly logTenants: number;
  readonly backlogEvents: number;
  readonly payloadBytes: number;
  readonly partitions: number;
  readonly shards: number;
  readonly rounds: number;
  readonly patience: number;
  readonly rate: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly brokerWarmUp: number;
  readonly profile?: string;
}

const wholeNumber = (text: string): number => {
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is wanted");
  return value;
};

/** Two small backlogs have to fit in it, one at its beginning and one at its end. */
const greatBacklog = (text: string): number => {
  const value = wholeNumber(text);
  if (value < 200_000) throw new InvalidArgumentError("200,000 at least");
  return value;
};

const command = new Command("bench")
  .addArgument(new Argument("[scenarios...]").choices(SCENARIOS).default(["drain", "latency", "enqueue"]))
  .option("--events <n>", "backlog of drain, memory and lanes", wholeNumber, 200_000)
  .option("--piled <n>", "fairness: what one tenant piled up while the relay was away", wholeNumber, 1_000_000)
  .option("--tenants <n>", "tenants", wholeNumber, 1_000)
  .option("--replayed <n>", "replay: published events of the tenant that is replayed", wholeNumber, 100_000)
  .option("--log-events <n>", "inspect: events in the log", wholeNumber, 10_000_000)
  .option("--log-tenants <n>", "inspect: tenants in the log", wholeNumber, 10_000)
  .option("--backlog-events <n>", "backlog: events in the great one", greatBacklog, 10_000_000)
  .option("--payload-bytes <n>", "bytes of JSON an event, but for backlog", wholeNumber, 512)
  .option("--partitions <n>", "partitions of the topic", wholeNumber, 12)
  .option("--rounds <n>", "how often the sides of a comparison take turns", wholeNumber, 3)
  .option("--shards <n>", "latency: shards of the database", wholeNumber, 4)
  .option(
    "--patience <seconds>",
    "how long to wait for others to leave the machine alone before each turn",
    wholeNumber,
    60,
  )
  .option("--rate <n>", "latency: events a second", wholeNumber, 500)
  .option("--seconds <n>", "length of a turn of latency, fairness, replay and enqueue, and of idle", wholeNumber, 20)
  .option("--warm-up <seconds>", "latency, fairness and replay: what does not count yet", wholeNumber, 5)
  .option(
    "--broker-warm-up <seconds>",
    "latency, fairness and replay: a turn before all others, for the broker's compiler",
    wholeNumber,
    120,
  )
  .option("--profile <directory>", "leave CPU profiles of the relay there; slows it down");

async function run(scenarios: readonly Scenario[], flags: Flags): Promise<void> {
  const startedAt = new Date();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const services = await startServices();
  try {
    const machine = await machineFacts(services);
    say(
      `${machine.cores} × ${machine.cpu}, Node ${machine.node}, Postgres ${machine.postgres}, Kafka ${machine.kafka}`,
    );
    const results: ScenarioResult[] = [];
    const { tenants, payloadBytes, partitions, shards, profile } = flags;
    const turns = { rounds: flags.rounds, patienceSeconds: flags.patience, say };
    for (const scenario of scenarios) {
      say(scenario);
      const load = { events: flags.events, tenants, payloadBytes, partitions, profileDir: profile };
      if (scenario === "drain") results.push(await drain(services, load, turns));
      if (scenario === "memory") results.push(await memory(services, load));
      if (scenario === "lanes") {
        const backlogOfOneShard = { events: flags.events, payloadBytes, partitions, profileDir: profile };
        results.push(await lanes(services, backlogOfOneShard, turns));
      }
      if (scenario === "backlog") {
        results.push(await backlog(services, { events: flags.backlogEvents, tenants, partitions }, turns));
      }
      if (scenario === "enqueue") {
        results.push(await enqueue(services, { tenants, payloadBytes, seconds: flags.seconds }, turns));
      }
      if (scenario === "inspect") {
        results.push(await inspect(services, { events: flags.logEvents, tenants: flags.logTenants }, say));
      }
      if (scenario === "idle") results.push(await idle(services, { seconds: flags.seconds }));
      const others = {
        ...{ tenants: QUIET_TENANTS, perSecond: QUIET_TENANTS * QUIET_PER_SECOND, payloadBytes, partitions },
        ...{ seconds: flags.seconds, warmUpSeconds: flags.warmUp, brokerWarmUpSeconds: flags.brokerWarmUp },
      };
      if (scenario === "fairness") {
        const flood = { floodPerSecond: FLOOD_TIMES * QUIET_PER_SECOND, backlog: flags.piled };
        results.push(await fairness(services, { ...others, ...flood }, turns));
      }
      if (scenario === "replay") results.push(await replay(services, { ...others, events: flags.replayed }, turns));
      if (scenario === "latency") {
        const pace = {
          ...{ perSecond: flags.rate, seconds: flags.seconds, warmUpSeconds: flags.warmUp },
          brokerWarmUpSeconds: flags.brokerWarmUp,
        };
        results.push(await latency(services, { tenants, payloadBytes, partitions, shards, ...pace }, turns));
      }
      const result = results.at(-1);
      if (result) printResult(result);
    }
    say(`\nfigures in ${writeResults(startedAt, machine, results)}`);
  } finally {
    await services.stop();
  }
}

command.action(run);
await command.parseAsync();
