import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Where a run leaves what it did, beside the relays' own logs. */
export class RunLog {
  readonly directory: string;
  readonly #file: string;

  /** @param directory made anew */
  constructor(directory: string) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.#file = join(directory, "run.log");
  }

  note(text: string): void {
    appendFileSync(this.#file, `${new Date().toISOString()} ${text}\n`);
  }

  /** For whoever watches, too. */
  say(text: string): void {
    this.note(text);
    process.stderr.write(`${text}\n`);
  }
}
