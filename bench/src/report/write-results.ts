import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MachineFacts } from "../machine/machine-facts.js";
import type { ScenarioResult } from "./scenario-result.js";

const RESULTS_DIR = fileURLToPath(new URL("../../results", import.meta.url));

/** Leaves a run's figures in a file named by its start, and answers the file's path. */
export function writeResults(startedAt: Date, machine: MachineFacts, scenarios: readonly ScenarioResult[]): string {
  mkdirSync(RESULTS_DIR, { recursive: true });
  const file = join(RESULTS_DIR, `${startedAt.toISOString().slice(0, 19).replaceAll(":", "-")}Z.json`);
  const content = {
    startedAt: startedAt.toISOString(),
    machine,
    environment: sidingEnvironment(),
    scenarios: scenarios.map(({ tables: _, ...kept }) => kept),
  };
  writeFileSync(file, `${JSON.stringify(content, rounded, 2)}\n`);
  return file;
}

/** Relay settings that the environment changed: figures with them are not those of the defaults. */
function sidingEnvironment(): Record<string, string> {
  const isOpen = (name: string): boolean => name.startsWith("SIDING_") && !/TOKEN|PASSWORD|SASL|SSL|SECRET/.test(name);
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (isOpen(name) ? [[name, value!]] : [])),
  );
}

/** Digits beyond the fourth are noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
