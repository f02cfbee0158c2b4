import { AdminClient } from "@siding/admin/client/admin-client.js";
import { EventInspection } from "@siding/store-postgres/event-inspection.js";
import pc from "picocolors";
import { loadConfig, requireSetting } from "../config/load-config.js";
import type { SidingConfig } from "../config/settings.js";
import { type EventSource, localEvents, remoteEvents } from "./event-commands.js";

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

/** The admin API that the configuration leads to; undefined where commands ask Postgres. */
export function adminApi({ adminUrl, adminToken }: SidingConfig): AdminClient | undefined {
  return adminUrl === undefined ? undefined : new AdminClient({ url: adminUrl, token: adminToken });
}

/** Lets `ask` look up events where the flags lead to, an admin API or Postgres, and prints what it answers. */
export async function printAnswer(flags: AnswerFlags, ask: (source: EventSource) => Promise<Answer>): Promise<void> {
  const { values: config } = loadConfig({ options: { ...flags }, environment: process.env, directory: process.cwd() });
  const api = adminApi(config);
  const answer =
    api === undefined
      ? await EventInspection.during({ databaseUrl: requireSetting(config, "databaseUrl") }, (inspection) =>
          ask(localEvents(inspection)),
        )
      : await ask(remoteEvents(api));
  writeAnswer(answer, flags);
}

export function writeAnswer(answer: Answer, { output }: AnswerFlags): void {
  process.stdout.write(output === "json" ? answer.json() : answer.table(tableOptions()));
}

/** What standard output can show. */
export function tableOptions(): TableOptions {
  const isTerminal = process.stdout.isTTY === true;
  return { width: isTerminal ? process.stdout.columns : undefined, color: isTerminal && pc.isColorSupported };
}
