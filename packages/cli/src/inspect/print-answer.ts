import { EventInspection } from "@siding/store-postgres/event-inspection.js";
import pc from "picocolors";
import { loadTarget } from "../target.js";
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

/** Lets `ask` look up events where the flags lead to, an admin API or Postgres, and prints what it answers. */
export async function printAnswer(flags: AnswerFlags, ask: (source: EventSource) => Promise<Answer>): Promise<void> {
  const target = loadTarget(flags);
  const answer =
    target.kind === "api"
      ? await ask(remoteEvents(target.api))
      : await EventInspection.during(target, (inspection) => ask(localEvents(inspection)));
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
