import { createInterface } from "node:readline/promises";
import { SidingError } from "@siding/core/errors.js";

export interface ConsentFlags {
  readonly yes?: boolean;
  readonly reason?: string;
}

const isAtTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Why something is changed, asked for at a terminal where no flag says it.
 * @param what said first where nobody does: "a recovery is recorded with its reason"
 * @throws SIDING_USAGE
 */
export async function reasonOf({ reason }: ConsentFlags, what: string): Promise<string> {
  const given = reason ?? (isAtTerminal() ? await ask("Why (for the record): ") : "");
  if (given.trim() !== "") return given.trim();
  throw new SidingError("SIDING_USAGE", `${what}: give --reason TEXT`);
}

/** @throws SIDING_USAGE where nobody is there to be asked and --yes is not given */
export function requireWord({ yes }: ConsentFlags): void {
  if (yes === true || isAtTerminal()) return;
  throw new SidingError(
    "SIDING_USAGE",
    "nobody is there to be asked: give --yes, or --dry-run to see what it would do",
  );
}

/** @param shown what is about to be done, in full */
export async function confirm({ yes }: ConsentFlags, shown: string): Promise<boolean> {
  if (yes === true) return true;
  process.stderr.write(shown);
  return /^y(es)?$/i.test((await ask("Do it? [y/N] ")).trim());
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
