import { SidingError } from "@siding/core/errors.js";
import { Command } from "commander";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { createDevView } from "../dev/dev-view.js";
import { runDev } from "../dev/run-dev.js";
import { stopSignal } from "../stop-signal.js";
import { systemClock } from "../system-clock.js";

/** As a shell has it for a command that Ctrl-C ended: neither a verdict nor a failure. */
const INTERRUPTED = 130;

const NOTES = `
Without DATABASE_URL and KAFKA_BROKERS, Postgres and Kafka are embedded, and gone afterwards. With both of them, events
of the tenants dev-… are enqueued into that outbox and a relay of that deployment publishes them, and whatever else
waits there, to topics siding-dev.…, which stay; with one of them, the run keeps to a database, or a deployment, of its own.

Examples:
  siding dev
  siding dev --seconds 20
`;

/** `siding dev`: everything embedded, with sample tenants and a consumer that checks. */
export function devCommand(): Command {
  const command = new Command("dev")
    .description("start Postgres, Kafka and a relay, enqueue for sample tenants, and check every event that arrives")
    .option("--seconds <number>", "end with a verdict after this long, instead of at Ctrl-C", parseSeconds)
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: { readonly seconds?: number }) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const signal = stopSignal();
    const view = createDevView();
    const { seconds } = flags;
    const end = await runDev({ config, seconds, signal, view, clock: systemClock, random: Math.random });
    if (end === "failed") process.exitCode = 1;
    if (end === "interrupted") process.exitCode = INTERRUPTED;
  });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= 604_800) return seconds;
  throw new SidingError(
    "SIDING_USAGE",
    `--seconds is "${text}": expected a number of seconds above 0, up to 604800 (a week)`,
  );
}
