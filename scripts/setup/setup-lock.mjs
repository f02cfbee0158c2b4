import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stateDir } from "./paths.mjs";
import { progress, SetupFailure } from "./progress.mjs";

const lockFile = join(stateDir, "setup.lock");
const WAIT_MAX_MS = 1_200_000;
const POLL_MS = 200;

/** One set-up at a time in a checkout: two would install into the same directory. Given back when the process ends. */
export async function holdSetupLock() {
  mkdirSync(stateDir, { recursive: true });
  if (!tryLock()) await progress.step(`waiting for another set-up (process ${holder()})`, waitForLock);
  process.once("exit", () => rmSync(lockFile, { force: true }));
  for (const [signal, exitCode] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
    process.once(signal, () => process.exit(exitCode));
  }
}

async function waitForLock() {
  const deadline = AbortSignal.timeout(WAIT_MAX_MS);
  while (!tryLock()) {
    if (deadline.aborted) {
      throw new SetupFailure(`another set-up (process ${holder()}) does not end: end it, or remove ${lockFile}`);
    }
    await delay(POLL_MS);
  }
}

function tryLock() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (isAlive(holder())) return false;
    rmSync(lockFile, { force: true }); // left by a set-up that was killed
    return false;
  }
}

function holder() {
  try {
    return Number(readFileSync(lockFile, "utf8"));
  } catch {
    return 0; // given back just now
  }
}

function isAlive(pid) {
  if (!pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
