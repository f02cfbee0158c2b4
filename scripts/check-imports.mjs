// Imports point one way, towards core. What a package may import stands here; whatever is not listed is an error.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Packages of ours, drivers from outside, and whether Node's own modules may be used. */
const MAY_IMPORT = {
  core: { ours: [], outside: [], node: false },
  enqueue: { ours: [], outside: [], node: false },
  relay: { ours: ["core"], outside: [], node: false },
  "store-postgres": { ours: ["core"], outside: ["pg"], node: true },
  "publisher-kafka": { ours: ["core"], outside: ["@confluentinc/kafka-javascript", "snappy"], node: true },
  admin: {
    ours: ["core", "store-postgres"],
    outside: [
      "@fastify/rate-limit",
      "@fastify/swagger",
      "@fastify/type-provider-typebox",
      "ajv",
      "ajv-formats",
      "fastify",
      "typebox",
    ],
    node: true,
  },
  embedded: { ours: [], outside: ["pg"], node: true },
  testkit: { ours: ["core", "relay"], outside: ["@confluentinc/kafka-javascript", "pg", "vitest"], node: true },
  simulation: { ours: ["core", "relay", "testkit"], outside: ["commander", "log-update"], node: true },
  cli: {
    ours: ["admin", "core", "store-postgres", "publisher-kafka", "relay", "embedded", "enqueue"],
    outside: [
      "@confluentinc/kafka-javascript",
      "cli-table3",
      "commander",
      "fastify",
      "log-update",
      "pg",
      "picocolors",
      "pino",
      "prom-client",
      "yaml",
    ],
    node: true,
  },
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)\s*import\s+["']([^"']+)["']/g;

/** What is wrong with the imports of one file, in words. */
export function importFaults(packageName, source) {
  const rule = MAY_IMPORT[packageName];
  if (rule === undefined) return [`package ${packageName} is not listed in scripts/check-imports.mjs`];
  const faults = [];
  for (const match of source.matchAll(IMPORT)) {
    const from = match[1] ?? match[2] ?? match[3];
    if (from.startsWith(".")) continue;
    if (from.startsWith("node:")) {
      if (!rule.node) faults.push(`${packageName} may not use ${from}`);
      continue;
    }
    const ours = /^@siding\/([a-z-]+)\//.exec(from)?.[1];
    if (ours !== undefined) {
      if (ours !== packageName && !rule.ours.includes(ours)) faults.push(`${packageName} may not import ${from}`);
      continue;
    }
    const name = from.startsWith("@") ? from.split("/").slice(0, 2).join("/") : from.split("/")[0];
    if (!rule.outside.includes(name)) faults.push(`${packageName} may not import ${from}`);
  }
  return faults;
}

/** Every source file below a folder; tests have rules of their own. */
export function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const packages = readdirSync(join(root, "packages"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  let faults = 0;
  for (const { name } of packages) {
    for (const file of sourceFiles(join(root, "packages", name, "src"))) {
      for (const fault of importFaults(name, readFileSync(file, "utf8"))) {
        console.error(`${relative(root, file)}: ${fault}`);
        faults += 1;
      }
    }
  }
  if (faults > 0) process.exit(1);
  console.log("imports point one way");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
