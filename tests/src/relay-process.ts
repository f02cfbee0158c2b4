import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SIDING = fileURLToPath(new URL("../../packages/cli/bin/siding.js", import.meta.url));

export interface RelayEnvironment {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface FinishedCommand {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command in a process of its own. */
export class SidingProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<FinishedCommand>;
  #stderr = "";
  #stdout = "";

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const { PATH, HOME } = process.env;
    this.#child = spawn(process.execPath, [SIDING, ...args], {
      env: { PATH, HOME, ...environment } as NodeJS.ProcessEnv,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout!.on("data", (chunk) => {
      this.#stdout += chunk;
    });
    this.#child.stderr!.on("data", (chunk) => {
      this.#stderr += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  static relay(environment: RelayEnvironment, ...args: string[]): SidingProcess {
    return new SidingProcess(["relay", ...args], {
      DATABASE_URL: environment.databaseUrl,
      KAFKA_BROKERS: environment.kafkaBrokers,
      SIDING_HTTP: "127.0.0.1:0",
      ...environment.settings,
    });
  }

  get log(): string {
    return this.#stderr;
  }

  get output(): string {
    return this.#stdout;
  }

  get processId(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for a line on stderr. @throws when the process ends, or takes longer, first */
  async logged(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let isOver = false;
    void this.ended.then(() => {
      isOver = true;
    });
    while (!pattern.test(this.#stderr)) {
      if (isOver || performance.now() > deadline) throw new Error(`never said ${pattern}: ${this.#stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits for its end. @throws with what it said when it takes longer, and kills it */
  async endedWithin(timeoutMs: number): Promise<FinishedCommand> {
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      this.kill("SIGKILL");
    }, timeoutMs);
    const ended = await this.ended;
    clearTimeout(limit);
    if (isLate) throw new Error(`still ran after ${timeoutMs} ms: ${this.#stderr.slice(-4_000)}`);
    return ended;
  }

  /** Ends it in good order. @throws with what it said when that takes longer than it may */
  async stop(): Promise<FinishedCommand> {
    this.#child.kill("SIGTERM");
    return await this.endedWithin(30_000);
  }
}
