import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { runReplay } from "./replay/run-replay.js";
import { runFailover } from "./run-failover.js";
import { runTorture } from "./run-torture.js";
import { runWindows } from "./run-windows.js";
import { RunLog } from "./services/run-log.js";

const DIRECTORY = fileURLToPath(new URL("../../.siding/torture", import.meta.url));

const above = (minimum: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < minimum) throw new InvalidArgumentError(`a number from ${minimum} is wanted`);
  return value;
};
const whole = (minimum: number) => (text: string) => {
  const value = above(minimum)(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("a whole number is wanted");
  return value;
};

const torture = new Command("torture")
  // All have a --seed: it is that of the command it follows.
  .enablePositionalOptions()
  .description(
    "faults at every step of the protocol, on real servers; exit code 1 where an event is not delivered once",
  )
  .option("--minutes <n>", "how long; fractions are taken", above(0.05), 10)
  .option("--seed <n>", "which sequence of faults", whole(0), 1)
  .action(async (flags: { minutes: number; seed: number }) => {
    process.exitCode = (await runTorture({ ...flags, log: new RunLog(DIRECTORY) })) ? 0 : 1;
  });

torture
  .command("failover")
  .description("time from kill -9 of a relay until all its shards are served again")
  .option("--kills <n>", "how often", whole(1), 20)
  .option("--lease-ms <n>", "the relays' lease", whole(1_000), 5_000)
  .option("--seed <n>", "which moments", whole(0), 1)
  .action(async (flags: { kills: number; leaseMs: number; seed: number }) => {
    process.exitCode = (await runFailover({ ...flags, log: new RunLog(DIRECTORY) })) ? 0 : 1;
  });

torture
  .command("replay")
  .description(
    "a replay that is cancelled half-way and begun again, under kill -9; exit code 1 where a job is not exact",
  )
  .option("--events <n>", "published events of one tenant", whole(100), 100_000)
  .option("--kills <n>", "of the relay that replays, for each of the two jobs", whole(0), 4)
  .option("--seed <n>", "which moments", whole(0), 1)
  .action(async (flags: { events: number; kills: number; seed: number }) => {
    process.exitCode = (await runReplay({ ...flags, log: new RunLog(DIRECTORY) })) ? 0 : 1;
  });

torture
  .command("windows")
  .description(
    "every sliding window of tenants over their quotas, held against limit + burst through kills and takeovers",
  )
  .option("--kills <n>", "how often", whole(1), 50)
  .option("--seed <n>", "which moments", whole(0), 1)
  .action(async (flags: { kills: number; seed: number }) => {
    process.exitCode = (await runWindows({ ...flags, log: new RunLog(DIRECTORY) })) ? 0 : 1;
  });

await torture.parseAsync();
// The Kafka client keeps handles open for a while after its end.
process.exit();
