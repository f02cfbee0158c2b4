import { EventInspection } from "@siding/store-postgres/event-inspection.js";
import pc from "picocolors";
import { loadConfig, requireSetting } from "../config/load-config.js";

export interface TableOptions {
  /** Columns of the terminal; undefined on a pipe. */
  readonly width: number | undefined;
  readonly color: boolean;
}

export interface AnswerFlags {
  readonly output: "table" | "json";
}

/** An answer in both of its forms. */
export interface Answer {
  readonly json: () => string;
  readonly table: (options: TableOptions) => string;
}

/** Opens the inspection that the flags lead to, lets `ask` look up, and prints what it answers. */
export async function printAnswer(
  flags: AnswerFlags,
  ask: (inspection: EventInspection) => Promise<Answer>,
): Promise<void> {
  const { values: config } = loadConfig({ options: { ...flags }, environment: process.env, directory: process.cwd() });
  const databaseUrl = requireSetting(config, "databaseUrl");
  const answer = await EventInspection.during({ databaseUrl }, ask);
  const isTerminal = process.stdout.isTTY === true;
  const table = { width: isTerminal ? process.stdout.columns : undefined, color: isTerminal && pc.isColorSupported };
  process.stdout.write(flags.output === "json" ? answer.json() : answer.table(table));
}
