import { createLogUpdate } from "log-update";

const BAR_CELLS = 30;
const LINE_EVERY_MS = 10_000;

/** How far a run is: a bar on a terminal, a line now and then elsewhere. On standard error, beside the results. */
export class ProgressLine {
  readonly #total: number;
  readonly #startedMs = performance.now();
  readonly #draw = process.stderr.isTTY ? createLogUpdate(process.stderr) : null;
  #saidMs = performance.now();

  constructor(total: number) {
    this.#total = total;
  }

  show(played: number): void {
    if (this.#draw !== null) this.#draw(`${this.#bar(played)}  ${this.#figures(played)}`);
    else if (performance.now() - this.#saidMs >= LINE_EVERY_MS) {
      this.#saidMs = performance.now();
      process.stderr.write(`${this.#figures(played)}\n`);
    }
  }

  end(): void {
    this.#draw?.clear();
  }

  #bar(played: number): string {
    const full = Math.round((played / this.#total) * BAR_CELLS);
    return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  }

  #figures(played: number): string {
    const aSecond = played / ((performance.now() - this.#startedMs) / 1000);
    const leftSeconds = Math.ceil((this.#total - played) / Math.max(1, aSecond));
    return `${played} of ${this.#total} schedules, ${Math.round(aSecond)}/s, ${leftSeconds} s left`;
  }
}
