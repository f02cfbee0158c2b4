import { SidingError } from "@siding/core/errors.js";
import { Command, Option } from "commander";
import pc from "picocolors";
import { parseDurationMs } from "../config/duration.js";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { renderDoctorJson, renderDoctorTable } from "../doctor/render-doctor.js";
import { runDoctor } from "../doctor/run-doctor.js";
import { outputOption } from "../output-option.js";

const NOTES = `
It looks at both systems and changes neither; it asks Kafka for a producer id under a name of its own, which fences nobody.
Each finding has its mend. What cannot be read from here is listed as unchecked, with the command that shows it.
Exit code 0 means no problem (there may be warnings), 1 a problem, 3 that a system could not be reached.

Examples:
  siding doctor
  siding doctor --max-transaction 30s
  siding doctor -o json | jq -r '.findings[] | select(.level != "ok") | .mend'
`;

interface DoctorFlags {
  readonly maxTransaction: number;
  readonly output: "table" | "json";
}

/** `siding doctor`: what is wrong with the settings, rights, topics and clocks that the promises rest on. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("check versions, settings, privileges, topics and clocks, and say how to mend each")
    .addOption(
      new Option("--max-transaction <duration>", "from when on an open or prepared transaction is worth a warning")
        .argParser(parseMaxTransaction)
        .default(300_000, "5m"),
    )
    .addOption(outputOption())
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: DoctorFlags) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const diagnosis = await runDoctor(config, flags.maxTransaction);
    const isTerminal = process.stdout.isTTY === true;
    const table = { width: isTerminal ? process.stdout.columns : undefined, color: isTerminal && pc.isColorSupported };
    process.stdout.write(flags.output === "json" ? renderDoctorJson(diagnosis) : renderDoctorTable(diagnosis, table));
    process.exitCode = diagnosis.exit;
  });
}

function parseMaxTransaction(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  const given = JSON.stringify(text.slice(0, 80));
  throw new SidingError("SIDING_USAGE", `--max-transaction is ${given}: expected such as 30s or 5m`);
}
