import { Command } from "commander";
import pc from "picocolors";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { type OutputFormat, renderConfig } from "../config/render-config.js";
import { outputOption } from "../output-option.js";

/** `siding config`: prints the configuration in force, each value with its source, secrets masked. */
export function configCommand(): Command {
  const command = new Command("config")
    .description("print the configuration in force, each value with its source, secrets masked")
    .addOption(outputOption())
    .addHelpText("after", "\nExamples:\n  siding config\n  SIDING_LEASE_MS=10000 siding config -o json\n");
  return addConfigFlags(command).action((options: { readonly output: OutputFormat }) => {
    const { entries } = loadConfig({ options: { ...options }, environment: process.env, directory: process.cwd() });
    // picocolors alone would color a pipe wherever CI is set.
    const color = process.stdout.isTTY === true && pc.isColorSupported;
    process.stdout.write(renderConfig(entries, options.output, color));
  });
}
