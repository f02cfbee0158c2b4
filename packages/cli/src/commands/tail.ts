import { EventTail } from "@siding/store-postgres/event-tail.js";
import { Command } from "commander";
import pc from "picocolors";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { parsePointInTime } from "../config/point-in-time.js";
import { addConfigFlags } from "../config/read-flags.js";
import { outputOption } from "../output-option.js";
import { stopSignal } from "../stop-signal.js";
import { systemClock } from "../system-clock.js";
import { followEvents } from "../tail/follow-events.js";
import { renderChangeJson, renderChangeLine } from "../tail/render-change.js";

const NOTES = `
A line when an event is seen to be enqueued (at commit, however late), and when it was published, refused or given up. It
reads Postgres alone, a page at a time on a connection of its own, and ends at Ctrl-C with 0. With -o json each line is an
object: kind, seen_at, and the event as \`siding events list\` has it. Times are UTC.

Examples:
  siding tail
  siding tail --tenant acme --topic orders.created --since 10m
  siding tail -o json | jq -c 'select(.kind == "dead") | {event_id, last_error}'
`;

interface TailFlags {
  readonly tenant?: string;
  readonly topic?: string;
  readonly since?: string;
  readonly output: "table" | "json";
}

/** `siding tail`: follows what is enqueued, and what becomes of it. */
export function tailCommand(): Command {
  const command = new Command("tail")
    .description("follow events as they are enqueued and published")
    .option("--tenant <id>", "events of this tenant")
    .option("--topic <name>", "events for this topic")
    .option("--since <time>", "begin with those created then: a time with its zone, or how long ago, such as 10m")
    .addOption(outputOption())
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: TailFlags) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const signal = stopSignal();
    const { tenant: tenantId, topic } = flags;
    const since = flags.since === undefined ? undefined : parsePointInTime(flags.since);
    const tail = await EventTail.open({ databaseUrl: requireSetting(config, "databaseUrl"), tenantId, topic, since });
    const isTerminal = process.stdout.isTTY === true;
    try {
      await followEvents({
        tail,
        clock: systemClock,
        signal,
        onChanges(changes) {
          const seenAt = new Date(systemClock.unixMs()).toISOString();
          // Each time anew: a terminal may be made wider meanwhile.
          const line = {
            width: isTerminal ? process.stdout.columns : undefined,
            color: isTerminal && pc.isColorSupported,
          };
          for (const change of changes) {
            const text =
              flags.output === "json" ? renderChangeJson(change, seenAt) : renderChangeLine(change, seenAt, line);
            process.stdout.write(text);
          }
        },
        onOverfull(watchedMax) {
          process.stderr.write(`more than ${watchedMax} events wait: what becomes of the newer ones is not shown\n`);
        },
      });
    } finally {
      await tail.close();
    }
  });
}
