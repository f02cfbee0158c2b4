import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FailPoint } from "@siding/core/ports/fail-point.js";
import { guardProcess, type Watchdog } from "@siding/embedded/watchdog.js";
import type { TcpProxy } from "../proxy/tcp-proxy.js";
import type { FromRelay, ToRelay } from "./fail-point-messages.js";

const ENTRY = fileURLToPath(new URL("./relay-entry.js", import.meta.url));
const RESUME_AGAIN_MS = 10;
const STOP_TIMEOUT_MS = 30_000;
const RESTART_MS = 300;
/** A dependency cannot be reached. */
const UNREACHABLE_EXIT = 3;

export interface SlotSpec {
  readonly name: string;
  readonly toPostgres: TcpProxy;
  readonly toKafka: TcpProxy;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A place for a relay: whichever process fills it, it comes back after it ends, behind the same two proxies. */
export class RelaySlot {
  readonly name: string;
  readonly toPostgres: TcpProxy;
  readonly toKafka: TcpProxy;
  /** Ends that nobody here brought about, each with what the process said of it. */
  readonly unexpectedEnds: string[] = [];
  /** Called when the relay stopped itself at the armed point; by default it just goes on. */
  onReached: (point: FailPoint, shard: number | null) => void;
  readonly #spec: SlotSpec;
  readonly #watchdog: Watchdog;
  #child: ChildProcess | null = null;
  #armed: FailPoint | null = null;
  #resumed: (() => void) | null = null;
  #restartMs: number | null = RESTART_MS;
  /** An end that is ours: a kill, or the stop at the end of the run. */
  #isMeant = false;
  /** Before that a system that it cannot reach ends it, as it says it does, and whoever started it starts it again. */
  #hasBegun = false;
  #isOver = false;

  constructor(spec: SlotSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.toPostgres = spec.toPostgres;
    this.toKafka = spec.toKafka;
    this.onReached = () => void this.resume();
    // Should this process die, the relay must not stay behind, least of all a stopped one.
    this.#watchdog = guardProcess("SIGKILL", undefined);
  }

  /** Undefined while no process fills the slot. */
  get processId(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#isMeant = false;
    this.#hasBegun = false;
    this.#restartMs = RESTART_MS;
    const log = openSync(this.#spec.logFile, "a");
    const child = spawn(process.execPath, [ENTRY], {
      cwd: dirname(this.#spec.logFile),
      env: { PATH: process.env.PATH, ...this.#spec.environment } as NodeJS.ProcessEnv,
      stdio: ["ignore", log, log, "ipc"],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#note(`process ${child.pid}`);
    this.#watchdog.watch(String(child.pid));
    child.on("message", (message: FromRelay) => this.#heard(message));
    child.on("error", () => {}); // a message to a process that is gone: its end is seen below
    child.once("exit", (code, signal) => this.#ended(child, code, signal));
    if (this.#armed !== null) this.#say({ arm: this.#armed });
  }

  arm(point: FailPoint | null): void {
    this.#armed = point;
    this.#say({ arm: point });
  }

  /** Lets a relay that stopped itself go on. It stops itself an instant after it said so: hence again, until it answers. */
  async resume(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    let isRunning = false;
    this.#resumed = () => {
      isRunning = true;
    };
    while (!isRunning && this.#child === child) {
      child.kill("SIGCONT");
      await sleep(RESUME_AGAIN_MS);
    }
  }

  /** kill -9; another process takes its place after restartMs, or where that is null with start(). */
  async kill(restartMs: number | null): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#isMeant = true;
    this.#restartMs = restartMs;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Ends it for good, in good order. Answers what was wrong with the end, or null. */
  async stop(): Promise<string | null> {
    this.#isOver = true;
    const child = this.#child;
    let fault: string | null = null;
    if (child !== null) {
      this.#isMeant = true;
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const code = await Promise.race([ended, sleep(STOP_TIMEOUT_MS, "late" as const, { ref: false })]);
      if (code === "late") {
        fault = `relay ${this.name} did not stop within ${STOP_TIMEOUT_MS} ms of SIGTERM`;
        child.kill("SIGKILL");
        await ended;
      } else if (code !== 0) fault = `relay ${this.name} ended with ${code} after SIGTERM`;
    }
    await this.#watchdog.release();
    return fault;
  }

  #say(message: ToRelay): void {
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #heard(message: FromRelay): void {
    if (message.kind === "begun") {
      this.#hasBegun = true;
      return;
    }
    if (message.kind === "resumed") {
      this.#resumed?.();
      return;
    }
    this.#armed = null;
    this.#note(`stopped at ${message.point}, shard ${message.shard}`);
    this.onReached(message.point, message.shard);
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#watchdog.watch("");
    this.#note(`ended with ${code ?? signal}`);
    const isMeant = this.#isMeant || (code === UNREACHABLE_EXIT && !this.#hasBegun);
    if (!isMeant) this.unexpectedEnds.push(`relay ${this.name} ended with ${code ?? signal}`);
    if (this.#restartMs !== null) setTimeout(() => !this.#isOver && this.start(), this.#restartMs);
  }

  #note(text: string): void {
    appendFileSync(this.#spec.logFile, `---- ${new Date().toISOString()} ${this.name}: ${text}\n`);
  }
}
