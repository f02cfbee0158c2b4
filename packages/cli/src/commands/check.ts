import { SidingError } from "@siding/core/errors.js";
import { checkFilter } from "@siding/store-postgres/event-filter.js";
import { readLoad } from "@siding/store-postgres/read-load.js";
import { Command } from "commander";
import { parseDurationMs } from "../config/duration.js";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { atLeast, judgeLoad, type Limits } from "../inspect/judge-load.js";
import { outputOption } from "../output-option.js";
import { formatAge } from "../status/format-age.js";
import { printable } from "../status/plain-table.js";

const NOTES = `
Exit code 0 means that all is within its limits, 1 that something is not: one line says each. A halted shard fails in any
case. At least one limit is required. It counts no further than it has to, and reads Postgres alone.

Examples:
  siding check --max-pending 0 --max-dead 0
  siding check --max-lag 60s --tenant acme
`;

/** Counted to at least here, so that a line says how far over a small limit it is. */
const COUNT_MIN = 10_000n;
const COUNT_DIGITS_MAX = 15;

interface CheckFlags {
  readonly maxPending?: bigint;
  readonly maxLag?: number;
  readonly maxDead?: bigint;
  readonly tenant?: string;
  readonly output: "table" | "json";
}

/** `siding check`: for CI and probes; ends with 1 when something is over its limit. */
export function checkCommand(): Command {
  const command = new Command("check")
    .description("fail when more is pending or dead, or waits longer, than it may")
    .option("--max-pending <number>", "how many events may be pending", countOf("--max-pending"))
    .option("--max-lag <duration>", "how old the oldest pending event may be, such as 60s", durationOf("--max-lag"))
    .option("--max-dead <number>", "how many dead letters there may be", countOf("--max-dead"))
    .option("--tenant <id>", "of this tenant alone")
    .addOption(outputOption())
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: CheckFlags) => {
    const limits: Limits = { maxPending: flags.maxPending, maxLagMs: flags.maxLag, maxDead: flags.maxDead };
    if (Object.values(limits).every((limit) => limit === undefined)) {
      throw new SidingError("SIDING_USAGE", "give at least one of --max-pending, --max-lag and --max-dead");
    }
    checkFilter({ tenantId: flags.tenant });
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const countedTo = { pending: countTo(flags.maxPending), dead: countTo(flags.maxDead) };
    const load = await readLoad({
      databaseUrl: requireSetting(config, "databaseUrl"),
      tenantId: flags.tenant,
      pendingMax: countedTo.pending,
      deadMax: countedTo.dead,
    });
    const exceeded = judgeLoad(load, limits, countedTo);
    const { pending, dead, lagMs, halted } = load;
    if (flags.output === "json") {
      const document = {
        ok: exceeded.length === 0,
        pending: String(pending),
        dead: String(dead),
        counted_to: { pending: String(countedTo.pending), dead: String(countedTo.dead) },
        lag_ms: lagMs,
        halted_shards: halted,
        exceeded,
      };
      process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    } else if (exceeded.length === 0) {
      const counts = `${atLeast(pending, countedTo.pending)} pending, ${atLeast(dead, countedTo.dead)} dead`;
      process.stdout.write(`fine: ${counts}, lag ${lagMs === null ? "none" : formatAge(lagMs)}\n`);
    } else {
      process.stdout.write(exceeded.map((line) => `${printable(line)}\n`).join(""));
    }
    if (exceeded.length > 0) process.exitCode = 1;
  });
}

/** One beyond the limit decides; without a limit nothing does. */
function countTo(limit: bigint | undefined): bigint {
  return limit === undefined || limit < COUNT_MIN ? COUNT_MIN : limit + 1n;
}

function countOf(flag: string): (text: string) => bigint {
  return (text) => {
    if (/^\d+$/.test(text) && text.length <= COUNT_DIGITS_MAX) return BigInt(text);
    throw new SidingError("SIDING_USAGE", `${flag} is ${JSON.stringify(text.slice(0, 80))}: expected a whole number`);
  };
}

function durationOf(flag: string): (text: string) => number {
  return (text) => {
    const ms = parseDurationMs(text);
    if (ms !== undefined) return ms;
    throw new SidingError(
      "SIDING_USAGE",
      `${flag} is ${JSON.stringify(text.slice(0, 80))}: expected such as 60s or 5m`,
    );
  };
}
