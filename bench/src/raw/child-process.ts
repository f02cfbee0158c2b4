import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endWithThis } from "../machine/end-with-this.js";
import { ProcessMeter } from "../machine/process-meter.js";

/** A part of the benchmark that runs in a process of its own, so that its event loop and its CPU seconds are its own. */
export class BenchChild {
  readonly meter: ProcessMeter;
  readonly #child: ChildProcess;
  readonly #messages: { kind: string }[] = [];
  #onMessage: () => void = () => {};
  #ended = false;

  /** @param script beside this one in dist, such as "../latency/receive.js" */
  constructor(script: string, options: object) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#child = fork(path, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    endWithThis(this.#child);
    this.meter = new ProcessMeter(this.#child.pid!);
    this.#child.on("message", (message: { kind: string }) => {
      this.#messages.push(message);
      this.#onMessage();
    });
    this.#child.once("close", () => {
      this.#ended = true;
      this.#onMessage();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  tell(kind: string): void {
    this.#child.send({ kind });
  }

  /** The next message of a kind. @throws where the process ends before it is sent */
  async hear<T extends { kind: string }>(kind: T["kind"]): Promise<T> {
    for (;;) {
      const at = this.#messages.findIndex((message) => message.kind === kind);
      if (at >= 0) return this.#messages.splice(at, 1)[0] as T;
      if (this.#ended) throw new Error(`a process of the benchmark ended before it said ${kind}`);
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    }
  }

  async ended(): Promise<void> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    }
    this.meter.stop();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
    this.meter.stop();
  }
}

/** In the child: what it was started with. */
export function childOptions<T>(): T {
  return JSON.parse(process.argv[2]!) as T;
}

/** In the child: tells its parent. */
export function report(message: { kind: string }): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

/** In the child: resolves when the parent says so. */
export function told(kind: string): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: { kind: string }): void => {
      if (message.kind !== kind) return;
      process.off("message", onMessage);
      resolve();
    };
    process.on("message", onMessage);
  });
}
