import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const built = new URL("../dist/start-services.js", import.meta.url).href;

// A process of its own is what has to die here, and plain Node runs the built files only: build what it reads.
beforeAll(() => {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-b", "packages/embedded"], { cwd: root });
});

const OWNER = `
  const { startServices } = await import(${JSON.stringify(built)});
  const { postgres, kafka } = await startServices();
  console.log(JSON.stringify([postgres, kafka].map(({ pid, dataDir }) => ({ pid, dataDir }))));
  process.stdin.resume();`;

const GONE_WITHIN_MS = 15_000;

test.each(["SIGKILL", "SIGINT"] as const)(
  "when their owner ends by %s both services and their data go too",
  async (signal) => {
    const { DATABASE_URL: _, KAFKA_BROKERS: __, ...env } = process.env;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", OWNER], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = await once(createInterface(owner.stdout), "line");
    const services: { pid: number; dataDir: string }[] = JSON.parse(line);
    for (const { pid, dataDir } of services) expect(isAlive(pid) && existsSync(dataDir)).toBe(true);

    owner.kill(signal);
    await once(owner, "exit");

    const deadline = AbortSignal.timeout(GONE_WITHIN_MS);
    const remains = () => services.filter(({ pid, dataDir }) => isAlive(pid) || existsSync(dataDir));
    while (remains().length > 0 && !deadline.aborted) await delay(50);
    expect(remains()).toEqual([]);
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
