import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { endWithThis } from "../machine/end-with-this.js";
import { ProcessMeter } from "../machine/process-meter.js";
import { SIDING, WORKING_DIRECTORY } from "./siding-command.js";

export interface RelaySpec {
  readonly databaseUrl: string;
  readonly brokers: string;
  /** Names its transactional ids and its group: a new one for a new database, whose numbers begin anew. */
  readonly deployment: string;
  readonly delivery?: "exactly-once" | "at-least-once";
  readonly untilEmpty?: boolean;
  readonly tenantQuota?: string;
  /** Of the database; 4 where nothing is said. */
  readonly shards?: number;
  /** Where a CPU profile is to be left. It costs some tenths of the speed. */
  readonly profileDir?: string | undefined;
}

const SHARDS_DEFAULT = 4;

/** The relay as an operator runs it, in a process of its own. */
export class RelayProcess {
  readonly meter: ProcessMeter;
  /** When the first of its shards was taken: it is connected to both systems and has read nothing yet. */
  readonly firstShardTaken: Promise<void>;
  readonly allShardsTaken: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #complaints: string[] = [];

  constructor(spec: RelaySpec) {
    const nodeFlags = spec.profileDir ? ["--cpu-prof", "--cpu-prof-dir", spec.profileDir] : [];
    const args = ["relay", ...(spec.untilEmpty ? ["--until-empty"] : [])];
    this.#child = spawn(process.execPath, [...nodeFlags, SIDING, ...args], {
      cwd: WORKING_DIRECTORY,
      env: {
        ...process.env,
        DATABASE_URL: spec.databaseUrl,
        KAFKA_BROKERS: spec.brokers,
        SIDING_DEPLOYMENT: spec.deployment,
        SIDING_DELIVERY: spec.delivery ?? "exactly-once",
        SIDING_HTTP: "127.0.0.1:0",
        SIDING_TENANT_QUOTA: spec.tenantQuota ?? "none",
      },
      stdio: ["ignore", "inherit", "pipe"],
    });
    endWithThis(this.#child);
    this.meter = new ProcessMeter(this.#child.pid!);
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`the relay ended with ${code ?? signal}: ${this.#complaints.slice(-3).join(" | ")}`));
      });
    });
    this.#exited.catch(() => {}); // said by whoever waits for a shard or for the end

    let taken = 0;
    let first: () => void = () => {};
    let all: () => void = () => {};
    const died = this.#exited.then(() => {
      throw new Error("the relay ended before it had its shards");
    });
    died.catch(() => {});
    this.firstShardTaken = Promise.race([new Promise<void>((resolve) => (first = resolve)), died]);
    this.allShardsTaken = Promise.race([new Promise<void>((resolve) => (all = resolve)), died]);
    this.firstShardTaken.catch(() => {});
    this.allShardsTaken.catch(() => {});
    createInterface({ input: this.#child.stderr! }).on("line", (line) => {
      if (/shard \d+ taken/.test(line)) {
        taken += 1;
        first();
        if (taken === (spec.shards ?? SHARDS_DEFAULT)) all();
      } else if (!line.includes('"level":"info"')) {
        this.#complaints.push(line);
        process.stderr.write(`relay: ${line}\n`);
      }
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** @throws where it ended badly */
  async ended(): Promise<void> {
    await this.#exited;
    this.meter.stop();
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.ended();
  }

  /** For when a measurement failed: nothing of it may run on beside the next one. */
  kill(): void {
    this.#child.kill("SIGKILL");
    this.meter.stop();
  }
}
