import { spawn } from "node:child_process";
import { appendFileSync, closeSync, mkdirSync, openSync } from "node:fs";
import { logFile, root, stateDir } from "./paths.mjs";

const KILL_AFTER_MS = 5_000;

/**
 * Runs a command quietly, what it says going to the set-up's log. Resolves to whether it ended well, never rejects.
 * Without standard input: a question nobody sees would wait for ever.
 */
export function run(command, args, { timeoutMs, cwd = root, env = {} }) {
  mkdirSync(stateDir, { recursive: true });
  appendFileSync(logFile, `\n$ ${command} ${args.join(" ")}\n`);
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", log, log] });
  closeSync(log);
  return new Promise((resolve) => {
    const finish = (ended) => {
      clearTimeout(timer);
      appendFileSync(logFile, `[${ended}]\n`);
      resolve(ended === "exit code 0");
    };
    const timer = setTimeout(() => {
      appendFileSync(logFile, `[ended: no result after ${timeoutMs} ms]\n`);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
    }, timeoutMs);
    child.once("error", (error) => finish(error.message));
    child.once("exit", (code, signal) => finish(signal ?? `exit code ${code}`));
  });
}
