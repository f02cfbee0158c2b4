/**
 * ok: as it should be. warning: works, and may not when it is needed. problem: a promise does not hold, or a relay cannot
 * work. unchecked: cannot be read from here, and is said so rather than guessed.
 */
export type Level = "ok" | "warning" | "problem" | "unchecked";

/** One thing that was looked at. */
export interface Finding {
  /** Its public name: `postgres.fsync`. Names are added, and never given a second meaning. */
  readonly check: string;
  readonly level: Level;
  /** What is so, and what follows from it; one line without a full stop. */
  readonly what: string;
  /** What to do, as a command or a setting where there is one; null where nothing has to be done. */
  readonly mend: string | null;
}

export function ok(check: string, what: string): Finding {
  return { check, level: "ok", what, mend: null };
}

export function warning(check: string, what: string, mend: string): Finding {
  return { check, level: "warning", what, mend };
}

export function problem(check: string, what: string, mend: string): Finding {
  return { check, level: "problem", what, mend };
}

export function unchecked(check: string, what: string, mend: string): Finding {
  return { check, level: "unchecked", what, mend };
}
