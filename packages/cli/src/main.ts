import { isSidingError, SidingError } from "@siding/core/errors.js";
import { Command, CommanderError } from "commander";
import { adminCommand } from "./commands/admin.js";
import { checkCommand } from "./commands/check.js";
import { completionCommand } from "./commands/completion.js";
import { configCommand } from "./commands/config.js";
import { deadCommand } from "./commands/dead.js";
import { devCommand } from "./commands/dev.js";
import { doctorCommand } from "./commands/doctor.js";
import { eventsCommand } from "./commands/events.js";
import { jobsCommand } from "./commands/jobs.js";
import { migrateCommand } from "./commands/migrate.js";
import { policiesCommand } from "./commands/policies.js";
import { recoverCommand } from "./commands/recover.js";
import { relayCommand } from "./commands/relay.js";
import { statusCommand } from "./commands/status.js";
import { tailCommand } from "./commands/tail.js";
import { tenantsCommand } from "./commands/tenants.js";
import { tokensCommand } from "./commands/tokens.js";
import { verifyCommand } from "./commands/verify.js";
import { VERSION } from "./version.js";

const EXAMPLES = `
Configuration: flags over environment over siding.config.json or siding.config.yaml over defaults.
Exit codes: 0 done · 1 the check failed · 2 usage or configuration · 3 a dependency cannot be reached · 4 halted for safety

Examples:
  siding dev --seconds 20                          see it work: Postgres, Kafka, sample tenants and a consumer that checks
  siding status                                    relays, shards, lag, backlog, and why what waits does
  siding events list --tenant acme --since 2h      which events there are, and what became of them
  siding config                                    what is in force, and where each value comes from
  KAFKA_BROKERS=kafka-1:9092 siding config -o json
  siding config --config ./staging.yaml
`;

function program(): Command {
  const siding = new Command("siding")
    .description("A transactional outbox: Postgres to Kafka, exactly once, in order, for many tenants")
    .version(VERSION)
    .addHelpText("after", EXAMPLES)
    .addCommand(devCommand())
    .addCommand(migrateCommand())
    .addCommand(relayCommand())
    .addCommand(adminCommand())
    .addCommand(statusCommand())
    .addCommand(eventsCommand())
    .addCommand(deadCommand())
    .addCommand(jobsCommand())
    .addCommand(tenantsCommand())
    .addCommand(policiesCommand())
    .addCommand(tailCommand())
    .addCommand(checkCommand())
    .addCommand(doctorCommand())
    .addCommand(recoverCommand())
    .addCommand(verifyCommand())
    .addCommand(tokensCommand())
    .addCommand(configCommand())
    .addCommand(completionCommand());
  reportUsageHere(siding);
  return siding;
}

// Commander would print and exit by itself, with 1. Commands made by factories do not inherit these settings.
function reportUsageHere(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const child of command.commands) reportUsageHere(child);
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(argv);
    // A command that did its work and found something amiss has said so itself: only the code is left to report.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return report(error);
  }
}

function report(error: unknown): number {
  const known = asSidingError(error);
  const line = `siding: ${known.message.replace(/\.$/, "")}. ${known.mend}`.replace(/\s*\n\s*/g, " ");
  process.stderr.write(`${line}\n`);
  if (/^(debug|trace)$/.test(process.env.SIDING_LOG_LEVEL ?? "")) process.stderr.write(`${stackOf(error)}\n`);
  return known.exit;
}

function asSidingError(error: unknown): SidingError {
  if (isSidingError(error)) return error;
  if (error instanceof CommanderError) {
    // "(outputHelp)" is all that commander says when a command is missing; it has printed the help by then.
    const message = error.code === "commander.help" ? "a command is missing" : error.message.replace(/^error: /, "");
    return new SidingError("SIDING_USAGE", message, { cause: error });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SidingError("SIDING_INTERNAL", `SIDING_INTERNAL ${message}`, { cause: error });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Ends the process even when a client library keeps a handle open, but not before what was printed is out. */
function exitFlushed(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

// A reader that has seen enough, such as `head`, closes the pipe: that is the end, not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  throw error;
});
// Not flushed: nothing may run on in an unknown state, and a blocked pipe would keep it running.
process.on("uncaughtException", (error) => process.exit(report(error)));

process.exitCode = await run(process.argv);
exitFlushed(process.exitCode);
