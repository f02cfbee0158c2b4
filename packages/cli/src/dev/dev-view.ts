import { createLogUpdate } from "log-update";
import pc from "picocolors";
import { renderFrame, renderProgressLine } from "./render-progress.js";
import type { ProgressSnapshot } from "./run-progress.js";

/** Where a run shows itself. */
export interface DevView {
  /** How often it wants to be shown something. */
  readonly everyMs: number;
  /** A line that stays. */
  say(line: string): void;
  warn(text: string): void;
  show(progress: ProgressSnapshot, stage: string): void;
  /** Nothing is shown after this; what was shown last stays. */
  end(): void;
}

/** Drawn in place on a terminal, a line now and then on a pipe. */
export function createDevView(): DevView {
  return process.stdout.isTTY === true ? new TerminalView() : new LineView();
}

const WARNINGS_SHOWN = 3;

class TerminalView implements DevView {
  readonly everyMs = 250;
  readonly #draw = createLogUpdate(process.stdout);
  readonly #warnings: string[] = [];
  #hasFrame = false;

  say(line: string): void {
    if (this.#hasFrame) this.#draw.persist(line);
    else process.stdout.write(`${line}\n`);
  }

  /** Kept for the next frame: a line of its own would tear the drawing. */
  warn(text: string): void {
    const line = text.replace(/\s+/g, " ");
    if (this.#warnings.at(-1) === line) return;
    this.#warnings.push(line);
    if (this.#warnings.length > WARNINGS_SHOWN) this.#warnings.shift();
  }

  show(progress: ProgressSnapshot, stage: string): void {
    this.#hasFrame = true;
    const { columns } = process.stdout;
    const color = pc.isColorSupported;
    this.#draw(renderFrame({ progress, stage, warnings: this.#warnings, columns, color }));
  }

  end(): void {
    if (this.#hasFrame) this.#draw.done();
    this.#hasFrame = false;
  }
}

class LineView implements DevView {
  readonly everyMs = 2_000;
  #hasEnded = false;

  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  warn(text: string): void {
    if (!this.#hasEnded) process.stderr.write(`${text.replace(/\s+/g, " ")}\n`);
  }

  show(progress: ProgressSnapshot, stage: string): void {
    this.say(renderProgressLine(progress, stage.split(",")[0]!));
  }

  end(): void {
    this.#hasEnded = true;
  }
}
