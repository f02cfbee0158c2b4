// Asks the admin API whatever its own description allows, and what it does not: schemathesis, group by group, against a
// `siding admin` over a database with some content. Fails on any 5xx and on an answer that its schema does not describe.
// `npm run fuzz -- --requests 5000 [--group outbox]… [--role operator]… [--seed 1]`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startPostgres } from "../packages/embedded/dist/start-postgres.js";
import { countingProxy } from "./fuzz/counting-proxy.mjs";
import { fillFuzzed } from "./fuzz/fill-fuzzed.mjs";
import { findSchemathesis } from "./fuzz/find-schemathesis.mjs";

const SIDING = fileURLToPath(new URL("../packages/cli/bin/siding.js", import.meta.url));
const SCRATCH = fileURLToPath(new URL("../.siding/", import.meta.url));
const CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/** With more, Python's parser is called by several threads at once, which versions before 3.12 do not bear. */
const WORKERS = "1";
const ROUNDS_MAX = 20;

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "5000" },
    group: { type: "string", multiple: true },
    role: { type: "string", multiple: true, default: ["operator", "admin"] },
    seed: { type: "string", default: "1" },
  },
});
const wanted = Number(flags.requests);
if (!Number.isInteger(wanted) || wanted < 1) throw new Error("--requests: a whole number is wanted");

mkdirSync(SCRATCH, { recursive: true });
const schemathesis = await findSchemathesis();
const postgres = await startPostgres();
let failed = false;
try {
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.url,
    SIDING_ADMIN_HTTP: "127.0.0.1:0",
    SIDING_ADMIN_RATE: "1000000",
  };
  await siding(["migrate"], environment);
  await fillFuzzed(postgres.url);
  const admin = spawn(process.execPath, [SIDING, "admin"], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  try {
    const url = await listening(admin);
    for (const role of flags.role) {
      const token = (
        await siding(["tokens", "create", "--name", `fuzz-${role}`, "--role", role, "--reason", "fuzz"], environment)
      ).trim();
      const description = await (await fetch(`${url}/openapi.json`)).json();
      for (const [group, operations] of groupsOf(description)) {
        if (flags.group !== undefined && !flags.group.includes(group)) continue;
        if (!(await fuzzGroup({ url, token, role, group, operations }))) failed = true;
      }
    }
  } finally {
    admin.kill("SIGTERM");
    if (admin.exitCode === null) await once(admin, "close");
  }
} finally {
  await postgres.stop();
}
if (failed) process.exit(1);

/** In rounds with other seeds: a group whose requests hardly differ runs out of new ones early. */
async function fuzzGroup({ url, token, role, group, operations }) {
  const proxy = await countingProxy(url);
  let isFine = true;
  try {
    for (let round = 0; round < ROUNDS_MAX && proxy.total() < wanted; round += 1) {
      const examples = Math.max(1, Math.ceil((wanted - proxy.total()) / operations));
      const args = [
        ...[
          "run",
          `${proxy.url}/openapi.json`,
          "--url",
          proxy.url,
          "--include-tag",
          group,
          "--header",
          `Authorization: Bearer ${token}`,
        ],
        ...[
          "--phases",
          round === 0 ? "coverage,fuzzing" : "fuzzing",
          "--checks",
          CHECKS,
          "--max-examples",
          String(examples),
        ],
        ...["--seed", String(Number(flags.seed) + round), "--workers", WORKERS, "--suppress-health-check", "all"],
        ...[
          "--warnings",
          "off",
          "--continue-on-failure",
          "--generation-database",
          "none",
          "--no-color",
          "--request-timeout",
          "30",
        ],
      ];
      const { code, stdout, stderr } = await run(schemathesis, args);
      if (code === 0) continue;
      isFine = false;
      process.stdout.write(stdout + stderr);
      break;
    }
  } finally {
    await proxy.close();
  }
  const counts = proxy.counts();
  const errors = [...counts].filter(([status]) => status >= 500).reduce((sum, [, count]) => sum + count, 0);
  const byStatus = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(
    `${isFine && errors === 0 ? "ok    " : "FAILED"}  ${role.padEnd(8)} ${group.padEnd(12)} ${String(proxy.total()).padStart(6)} requests (${byStatus.join(", ")})`,
  );
  return isFine && errors === 0;
}

/** How many operations each tag has. */
function groupsOf({ paths }) {
  const groups = new Map();
  for (const operations of Object.values(paths)) {
    for (const { tags } of Object.values(operations))
      for (const tag of tags ?? []) groups.set(tag, (groups.get(tag) ?? 0) + 1);
  }
  return groups;
}

async function listening(admin) {
  return new Promise((resolve, reject) => {
    admin.once("close", (code) => reject(new Error(`siding admin ended with ${code}`)));
    createInterface({ input: admin.stderr }).on("line", (line) => {
      const found = /admin API on (http:\/\/[\d.:]+\d)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
      else if (/"level":"error"/.test(line)) console.error(line);
    });
  });
}

async function siding(args, env) {
  const { code, stdout, stderr } = await run(process.execPath, [SIDING, ...args], env);
  if (code !== 0) throw new Error(`siding ${args[0]}: ${stderr}`);
  return stdout;
}

/** In .siding: schemathesis keeps a folder where it runs. */
async function run(command, args, env = process.env) {
  const child = spawn(command, args, { env, cwd: SCRATCH, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, ...said };
}
