import { isSidingError, SidingError } from "@siding/core/errors.js";
import { Command, CommanderError } from "commander";
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

/**
 * In the order in which help lists them. Each is loaded where it is asked for alone: some bring a server or a client along,
 * and whoever asks for one line is not to wait for those.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import("./commands/dev.js")).devCommand(),
  migrate: async () => (await import("./commands/migrate.js")).migrateCommand(),
  relay: async () => (await import("./commands/relay.js")).relayCommand(),
  admin: async () => (await import("./commands/admin.js")).adminCommand(),
  status: async () => (await import("./commands/status.js")).statusCommand(),
  events: async () => (await import("./commands/events.js")).eventsCommand(),
  dead: async () => (await import("./commands/dead.js")).deadCommand(),
  jobs: async () => (await import("./commands/jobs.js")).jobsCommand(),
  tenants: async () => (await import("./commands/tenants.js")).tenantsCommand(),
  policies: async () => (await import("./commands/policies.js")).policiesCommand(),
  tail: async () => (await import("./commands/tail.js")).tailCommand(),
  check: async () => (await import("./commands/check.js")).checkCommand(),
  doctor: async () => (await import("./commands/doctor.js")).doctorCommand(),
  recover: async () => (await import("./commands/recover.js")).recoverCommand(),
  verify: async () => (await import("./commands/verify.js")).verifyCommand(),
  tokens: async () => (await import("./commands/tokens.js")).tokensCommand(),
  config: async () => (await import("./commands/config.js")).configCommand(),
  completion: async () => (await import("./commands/completion.js")).completionCommand(),
};

/** The command that is asked for; all of them for help, completion, and a name that is none. */
async function program(asked: string | undefined): Promise<Command> {
  const siding = new Command("siding")
    .description("A transactional outbox: Postgres to Kafka, exactly once, in order, for many tenants")
    .version(VERSION)
    .addHelpText("after", EXAMPLES);
  const isOne = asked !== undefined && asked !== "completion" && Object.hasOwn(COMMANDS, asked);
  for (const name of isOne ? [asked] : Object.keys(COMMANDS)) siding.addCommand(await COMMANDS[name]!());
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
    await (await program(argv[2])).parseAsync(argv);
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
