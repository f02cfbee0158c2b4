import { hostname, userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { SidingError } from "@siding/core/errors.js";
import type { Author } from "@siding/store-postgres/author.js";

/** How whoever changes something says so. */
export interface WordFlags {
  readonly yes?: boolean;
  readonly reason?: string;
}

const REASON_MAX = 1_000;

/** Who is at work here, for the record. */
export function actorHere(): string {
  return `${userInfo().username}@${hostname()}`;
}

/** Who is at work here on the database itself, and why. */
export function authorHere(reason: string): Author {
  return { actor: actorHere(), role: "database", reason };
}

const isAtTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** The reason given, or asked for. @param what is recorded with it, such as "a recovery" @throws SIDING_USAGE */
export async function reasonOf({ reason }: WordFlags, what: string): Promise<string> {
  const given = reason ?? (isAtTerminal() ? await ask("Why (for the record): ") : "");
  if ([...given.trim()].length > REASON_MAX) {
    throw new SidingError("SIDING_USAGE", `a reason has ${REASON_MAX} characters at most`);
  }
  if (given.trim() !== "") return given.trim();
  throw new SidingError("SIDING_USAGE", `${what} is recorded with its reason: give --reason TEXT`);
}

/** @throws SIDING_USAGE where nobody could be asked */
export function requireWord({ yes }: WordFlags): void {
  if (yes === true || isAtTerminal()) return;
  throw new SidingError(
    "SIDING_USAGE",
    "nobody is there to be asked: give --yes, or --dry-run to see what it would do",
  );
}

/** Shows what would be done, and asks. @param where it would be done */
export async function confirm({ yes }: WordFlags, where: string, shown: () => string): Promise<boolean> {
  if (yes === true) return true;
  process.stderr.write(shown());
  return /^y(es)?$/i.test((await ask(`Do it at ${where}? [y/N] `)).trim());
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
