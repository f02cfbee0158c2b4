import { type ProcessUse, processUse } from "./proc-stat.js";

const SAMPLE_MS = 100;

/** Follows a process until it is gone and keeps what was last seen of it: a process that has ended tells nothing. */
export class ProcessMeter {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #last: ProcessUse = { cpuSeconds: 0, peakMegabytes: 0 };

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.read(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** What it has used by now. */
  read(): ProcessUse {
    this.#last = processUse(this.#pid) ?? this.#last;
    return this.#last;
  }

  stop(): ProcessUse {
    clearInterval(this.#timer);
    return this.read();
  }
}
