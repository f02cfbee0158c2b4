import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { RunningServices } from "@siding/embedded/start-services.js";
import { createDatabase } from "../events/bench-database.js";
import { endWithThis } from "../machine/end-with-this.js";
import { runSiding, SIDING, WORKING_DIRECTORY } from "../relay/siding-command.js";
import { decimals, whole } from "../report/format.js";
import type { ScenarioResult } from "../report/scenario-result.js";
import { fillLog, type LogSize } from "./fill-log.js";
import { type ListFigures, measureLists } from "./measure-lists.js";

const SAMPLES = 40;
const AIM_MS = 50;

/** How long each page of the admin API's lists takes, beside a log of many events. */
export async function inspect(
  services: Pick<RunningServices, "databaseUrl">,
  size: LogSize,
  say: (line: string) => void,
): Promise<ScenarioResult> {
  const database = await createDatabase(services.databaseUrl);
  try {
    await fillLog(database.url, size, say);
    return await measureInspection(database.url, size, say);
  } finally {
    await database.drop();
  }
}

async function measureInspection(
  databaseUrl: string,
  size: LogSize,
  say: (line: string) => void,
): Promise<ScenarioResult> {
  const { url, stop } = await startAdmin(databaseUrl);
  try {
    const all = await makeToken(databaseUrl, "all");
    const bound = await makeToken(databaseUrl, "bound", "--tenant", "tenant-0");
    const figures = await measureLists({
      ...size,
      url,
      samples: SAMPLES,
      readers: {
        "every tenant": { token: all, lists: () => true },
        "a bound token": { token: bound, lists: ({ name }) => !/tenant/.test(name) },
      },
      say,
    });
    return resultOf(figures, size);
  } finally {
    await stop();
  }
}

function resultOf(figures: readonly ListFigures[], size: LogSize): ScenarioResult {
  const p95 = ({ first, far }: ListFigures): number => Math.max(quantile(first, 0.95), quantile(far, 0.95));
  const worst = figures.reduce((a, b) => (p95(a) > p95(b) ? a : b));
  return {
    name: "inspect",
    definition: "pages of 50 of the admin API's lists, from the request to the parsed answer, one at a time",
    settings: { ...size, samples: SAMPLES },
    tables: [
      {
        title: `${whole(size.events)} events of ${whole(size.tenants)} tenants, ms`,
        head: ["list", "reader", "first p50", "p95", "far page", "p50", "p95"],
        rows: figures.map(({ list, reader, first, far, farPage }) => [
          list,
          reader,
          ...[0.5, 0.95].map((q) => decimals(quantile(first, q), 1)),
          whole(farPage),
          ...[0.5, 0.95].map((q) => (far.length === 0 ? "-" : decimals(quantile(far, q), 1))),
        ]),
      },
    ],
    targets: [
      {
        name: `p95 of the slowest list (${worst.list}, ${worst.reader})`,
        figure: p95(worst),
        unit: " ms",
        aim: { atMost: AIM_MS },
      },
    ],
    figures: { lists: figures },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function startAdmin(databaseUrl: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [SIDING, "admin"], {
    cwd: WORKING_DIRECTORY,
    env: { ...process.env, DATABASE_URL: databaseUrl, SIDING_ADMIN_HTTP: "127.0.0.1:0", SIDING_ADMIN_RATE: "1000000" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  endWithThis(child);
  const exited = once(child, "close");
  const url = await new Promise<string>((resolve, reject) => {
    child.once("close", (code) => reject(new Error(`siding admin ended with ${code}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /admin API on (http:\/\/[\d.:]+\d)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function makeToken(databaseUrl: string, name: string, ...flags: string[]): Promise<string> {
  const args = ["tokens", "create", "--name", name, "--role", "operator", "--reason", "bench", ...flags];
  return (await runSiding(args, { DATABASE_URL: databaseUrl })).trim();
}
