import { Command } from "commander";
import pc from "picocolors";
import { loadConfig } from "../config/load-config.js";
import { parsePointInTime } from "../config/point-in-time.js";
import { addConfigFlags } from "../config/read-flags.js";
import { outputOption } from "../output-option.js";
import { renderVerifyJson } from "../verify/render-verify-json.js";
import { renderVerifyTable } from "../verify/render-verify-table.js";
import { runVerify } from "../verify/run-verify.js";

const NOTES = `
It reads both systems while relays run, and changes nothing. Its Kafka principal needs READ on the topics. Exit code 1 means
that something is wrong; each event with which it is stands in the list. docs/guarantees.md says what this proves.

Examples:
  siding verify
  siding verify --since 2h
  siding verify --since 2026-03-01T02:00:00Z -o json | jq '.named[]'
`;

interface VerifyFlags {
  readonly since?: string;
  readonly output: "table" | "json";
}

/** `siding verify`: whether what Postgres says was published is in Kafka, once. */
export function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "prove that what Postgres says was published is in Kafka, once: by counts, checksums and a scan of Kafka",
    )
    .option(
      "--since <time>",
      "what was published from then on; a time with its zone, or how long ago (default: all that Postgres still holds)",
      parsePointInTime,
    )
    .addOption(outputOption())
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: VerifyFlags) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const report = await runVerify(config, flags.since ?? null);
    const isTerminal = process.stdout.isTTY === true;
    const table = { width: isTerminal ? process.stdout.columns : undefined, color: isTerminal && pc.isColorSupported };
    process.stdout.write(flags.output === "json" ? renderVerifyJson(report) : renderVerifyTable(report, table));
    if (!report.isComplete) process.exitCode = 1;
  });
}
