import { SidingError } from "@siding/core/errors.js";
import { OPERATOR_VERDICTS, type OperatorVerdict } from "@siding/core/recovery/operator-verdict.js";
import { describeServer } from "@siding/store-postgres/connection.js";
import { Command, Option } from "commander";
import { loadConfig, requireSetting } from "../config/load-config.js";
import { parsePointInTime } from "../config/point-in-time.js";
import { addConfigFlags } from "../config/read-flags.js";
import { actorHere, confirm, reasonOf, requireWord } from "../operator-word.js";
import { outputOption } from "../output-option.js";
import { recoverShards } from "../recover/recover-shards.js";
import { renderRecovery, renderRecoveryJson, renderSurvey } from "../recover/render-recovery.js";
import type { ShardTarget } from "../recover/shard-target.js";
import { surveyShards } from "../recover/survey-shards.js";

const NOTES = `
Verdicts:
  scan             look into Kafka and publish exactly what is missing there
  kafka-has-it     what Postgres laid down is in Kafka: go on behind it; doubles nothing, loses where it is wrong
  kafka-lacks-it   what is in doubt is not in Kafka: publish it; loses nothing, doubles where it is wrong
  adopt            nothing is in doubt: go on with the servers as they are now

Without --verdict it changes nothing: it shows what happened and which verdicts there are. docs/recovery.md goes through
every case. Each recovery is recorded in siding.recovery, and ends the relay that owns the shard.

Examples:
  siding recover --all
  siding recover --shard 2 --verdict scan --dry-run
  siding recover --shard 2 --verdict scan --reason "backup of 02:00 restored after disk failure"
  siding recover --all --verdict scan --since 2026-03-01T02:00:00Z --reason "unclean election" --yes
`;

interface RecoverFlags {
  readonly shard?: number;
  readonly all?: boolean;
  readonly verdict?: OperatorVerdict;
  readonly since?: string;
  readonly until?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly output: "table" | "json";
}

/** `siding recover`: the operator's word after a halt. */
export function recoverCommand(): Command {
  const command = new Command("recover")
    .description("lead a halted shard out after one of the two systems lost history: show the choices, or take one")
    .option("--shard <number>", "the shard to recover", parseShard)
    .option("--all", "every shard that needs it; the only way when a server changed")
    .addOption(new Option("--verdict <verdict>", "what to do").choices(OPERATOR_VERDICTS))
    .option(
      "--since <time>",
      "with scan or kafka-lacks-it: events created from then on may be missing in Kafka",
      parsePointInTime,
    )
    .option(
      "--until <time>",
      "with kafka-has-it where Postgres lost history: events created before are in Kafka",
      parsePointInTime,
    )
    .option("--dry-run", "show what the verdict would do, and change nothing")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why, for the record")
    .addOption(outputOption())
    .addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: RecoverFlags) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const target = targetOf(flags);
    const { verdict } = flags;
    if (verdict === undefined) {
      const survey = await surveyShards(config, target);
      process.stdout.write(
        flags.output === "json" ? renderRecoveryJson(survey) : renderSurvey(survey, flagsOf(target)),
      );
      return;
    }
    const isDryRun = flags.dryRun === true;
    const reason = isDryRun ? "" : await reasonOf(flags, "a recovery");
    if (!isDryRun) requireWord(flags);
    const report = await recoverShards({
      config,
      target,
      verdict,
      since: flags.since ?? null,
      until: flags.until ?? null,
      isDryRun,
      reason,
      actor: actorHere(),
      confirm: (known) =>
        confirm(flags, describeServer(requireSetting(config, "databaseUrl")), () => renderRecovery(known)),
    });
    if (report === null) {
      process.stderr.write("nothing was decided\n");
      process.exitCode = 1;
      return;
    }
    process.stdout.write(flags.output === "json" ? renderRecoveryJson(report) : renderRecovery(report));
  });
}

function targetOf({ shard, all }: RecoverFlags): ShardTarget {
  if ((shard !== undefined) === (all === true)) {
    throw new SidingError("SIDING_USAGE", "name one shard with --shard N, or all of them with --all");
  }
  return shard === undefined ? { kind: "all" } : { kind: "one", shard };
}

function flagsOf(target: ShardTarget): string {
  return target.kind === "all" ? "--all" : `--shard ${target.shard}`;
}

function parseShard(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new SidingError("SIDING_USAGE", `--shard is "${text}": expected a shard's number`);
  return Number(text);
}
