import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readLogTail } from "./log-tail.js";
import { ServiceStartError } from "./service-start-error.js";
import type { User } from "./unprivileged-user.js";
import type { Watchdog } from "./watchdog.js";

/** `fast` ends it in good order, `immediate` as a crash would: what it had acknowledged comes back by recovery. */
export type StopMode = "fast" | "immediate";

export interface RunningService {
  readonly port: number;
  /** Changes with every restart. */
  readonly pid: number;
  readonly dataDir: string;
  /** Ends it for good; removes the data directory where it was a temporary one. */
  stop(mode?: StopMode): Promise<void>;
  /** Sends a signal and does not wait; nothing happens where it is already gone. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it where it still runs, then starts it with the same data and on the same port. */
  restart(mode?: StopMode): Promise<void>;
}

export interface ServiceSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly user: User | undefined;
  readonly port: number;
  readonly dataDir: string;
  readonly logFile: string;
  readonly signals: Readonly<Record<StopMode, NodeJS.Signals>>;
  readonly startTimeoutMs: number;
  readonly watchdog: Watchdog;
  /** Asks the service itself, as a client would; answers false rather than throwing. */
  readonly answers: () => Promise<boolean>;
  /** Whether a start that ended with this log may succeed a moment later. */
  readonly startsLater?: (log: string) => boolean;
}

const POLL_MS = 40;
const STOP_TIMEOUT_MS = 20_000;

/** Starts a server and resolves once it answers. Should this process die, the watchdog ends the server. */
export async function startService(spec: ServiceSpec): Promise<RunningService> {
  let server = await launch(spec);
  let stopped: Promise<void> | undefined;
  return {
    port: spec.port,
    dataDir: spec.dataDir,
    get pid() {
      return server.pid;
    },
    kill: (signal) => server.signal(signal),
    restart: async (mode = "fast") => {
      if (stopped) throw new ServiceStartError(`${spec.name} was stopped for good: start a new one`);
      await server.end(spec.signals[mode]);
      server = await launch(spec);
    },
    stop: (mode = "fast") => {
      stopped ??= server.end(spec.signals[mode]).then(() => spec.watchdog.release());
      return stopped;
    },
  };
}

async function launch(spec: ServiceSpec): Promise<ServerProcess> {
  const deadline = AbortSignal.timeout(spec.startTimeoutMs);
  for (;;) {
    const logStart = statSync(spec.logFile, { throwIfNoEntry: false })?.size ?? 0;
    const server = new ServerProcess(spec);
    const outcome = await becomesReady(spec, server, deadline);
    if (outcome === "ready") return server;

    await server.end("SIGKILL");
    const log = readLogTail(spec.logFile, logStart);
    if (outcome === "ended" && spec.startsLater?.(log) && !deadline.aborted) {
      await delay(POLL_MS);
      continue;
    }
    const what =
      outcome === "ended" ? `ended while starting (${server.ending})` : `did not answer in ${spec.startTimeoutMs} ms`;
    throw new ServiceStartError(`${spec.name} on 127.0.0.1:${spec.port} ${what}; its log ends: ${log || "(nothing)"}`);
  }
}

async function becomesReady(
  spec: ServiceSpec,
  server: ServerProcess,
  deadline: AbortSignal,
): Promise<"ready" | "ended" | "late"> {
  while (!deadline.aborted) {
    if (server.ending) return "ended";
    // Only while our own process lives: another server on this port may answer as well.
    if ((await spec.answers()) && !server.ending) return "ready";
    await delay(POLL_MS);
  }
  return "late";
}

class ServerProcess {
  /** How it ended; undefined while it runs. */
  ending: string | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(spec: ServiceSpec) {
    const log = openSync(spec.logFile, "a");
    this.#child = spawn(spec.command, spec.args, {
      cwd: spec.dataDir,
      env: spec.env,
      // Its own group: Ctrl-C must reach this process alone, which then ends its services in order.
      detached: true,
      stdio: ["ignore", log, log],
      ...(spec.user && { uid: spec.user.uid, gid: spec.user.gid }),
    });
    closeSync(log);
    if (this.#child.pid !== undefined) spec.watchdog.watch(String(this.#child.pid));
    this.#ended = new Promise((resolve) => {
      const ended = (ending: string) => {
        this.ending ??= ending;
        spec.watchdog.watch(""); // its pid may soon be somebody else's
        resolve();
      };
      this.#child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
      this.#child.once("error", (error) => ended(error.message));
    });
    this.#child.unref(); // a program that forgets to stop its services can still end, and they end with it
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.ending) this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal("SIGCONT"); // a paused process would take no other signal
    this.signal(signal);
    if (await this.#endedWithin(STOP_TIMEOUT_MS)) return;
    this.signal("SIGKILL");
    await this.#endedWithin(STOP_TIMEOUT_MS);
  }

  async #endedWithin(ms: number): Promise<boolean> {
    const timer = new AbortController();
    await Promise.race([this.#ended, delay(ms, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    return this.ending !== undefined;
  }
}
