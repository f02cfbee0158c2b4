import { relative } from "node:path";
import { logFile } from "./paths.mjs";

export const DEPENDENCY_MISSING = 3;

/** Ends the set-up with one line: what failed and what to do about it. */
export class SetupFailure extends Error {
  constructor(message, { exitCode = DEPENDENCY_MISSING, logged = true, cause } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
    this.logged = logged;
  }
}

const SHOWN_FROM_MS = 1_000;
let stepsDone = 0;

export const progress = {
  /** Runs a step that takes a while, showing what it does and how many seconds it took. */
  async step(title, work) {
    const start = performance.now();
    process.stderr.write(`setup  ${title} ... `);
    try {
      const result = await work();
      process.stderr.write(`${seconds(performance.now() - start)}\n`);
      stepsDone++;
      return result;
    } catch (error) {
      process.stderr.write(`failed after ${seconds(performance.now() - start)}\n`);
      throw error;
    }
  },

  /** A step that usually finds nothing to do: shown only when it took a while. */
  async check(title, work) {
    const start = performance.now();
    await work();
    const took = performance.now() - start;
    if (took < SHOWN_FROM_MS) return;
    process.stderr.write(`setup  ${title} ... ${seconds(took)}\n`);
    stepsDone++;
  },

  close() {
    // performance.now() counts from the start of the process.
    if (stepsDone > 0) process.stderr.write(`setup  ready after ${seconds(performance.now())}\n`);
  },
};

export function showFailure({ message, logged }) {
  const log = logged ? ` (full log: ${relative(process.cwd(), logFile)})` : "";
  process.stderr.write(`setup  ${message}${log}\n`);
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
