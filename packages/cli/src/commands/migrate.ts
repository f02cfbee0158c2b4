import { SidingError } from "@siding/core/errors.js";
import { type MigrateResult, type MigrationStep, migrate } from "@siding/store-postgres/migrate.js";
import { Command } from "commander";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { outputOption } from "../output-option.js";

interface MigrateFlags {
  readonly plan?: boolean;
  readonly to?: number;
  readonly output: "table" | "json";
}

/** `siding migrate`: brings the schema up or down. */
export function migrateCommand(): Command {
  const command = new Command("migrate")
    .description("bring the schema up to this release, or down; safe to run twice, and from several places at once")
    .option("--plan", "only print what would be done")
    .option("--to <version>", "the version to end at; 0 takes the schema away, with every event in it", parseVersion)
    .addOption(outputOption())
    .addHelpText("after", "\nExamples:\n  siding migrate --plan\n  siding migrate\n  siding migrate --to 0\n");
  return addConfigFlags(command).action(async (flags: MigrateFlags) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const result = await migrate({
      databaseUrl: requireSetting(config, "databaseUrl"),
      shards: config.shards,
      plan: flags.plan === true,
      ...(flags.to === undefined ? {} : { to: flags.to }),
    });
    process.stdout.write(flags.output === "json" ? `${JSON.stringify(result)}\n` : render(result, flags.plan === true));
  });
}

function parseVersion(text: string): number {
  if (!/^\d{1,4}$/.test(text))
    throw new SidingError("SIDING_USAGE", `--to is "${text}": expected a migration's number`);
  return Number(text);
}

function render(result: MigrateResult, isPlan: boolean): string {
  if (result.steps.length === 0) return `nothing to do: the schema has version ${result.to}\n`;
  const lines = result.steps.map((step) => `${isPlan ? "would apply" : "applied"} ${describe(step)}`);
  return `${lines.join("\n")}\n`;
}

function describe(step: MigrationStep): string {
  const risk = step.direction === "down" || step.isBreaking ? "breaking" : "compatible";
  return `${String(step.version).padStart(4, "0")} ${step.name} ${step.direction} (${risk})`;
}
