import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logFile, root } from "./paths.mjs";
import { progress, SetupFailure } from "./progress.mjs";
import { run } from "./run-command.mjs";

const TIMEOUT_MS = 600_000;

export async function haveNpmPackages() {
  if (areInstalled()) return;
  const installed = await progress.step("installing npm packages", () =>
    npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], TIMEOUT_MS),
  );
  if (installed) return;
  // The one failure that no retry mends: say so rather than send the reader to look at the network.
  const mend = readFileSync(logFile, "utf8").trimEnd().slice(-6_000).includes("npm error code EUSAGE")
    ? "package-lock.json does not fit the package.json files: run npm install --ignore-scripts and commit the lock file"
    : "check that npm reaches its registry, then run this again";
  throw new SetupFailure(`npm ci failed: ${mend}`);
}

/** npm, the one that started this where there is one. */
export function npm(args, timeoutMs, env) {
  const started = process.env.npm_execpath;
  return started ? run(process.execPath, [started, ...args], { timeoutMs, env }) : run("npm", args, { timeoutMs, env });
}

/** Compares with npm's own record of what it put into node_modules, so that a plain `npm install` counts too. */
function areInstalled() {
  const wanted = lockedPackages(join(root, "package-lock.json"));
  const installed = lockedPackages(join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    if (!path.includes("node_modules/")) return true; // the workspaces themselves
    const found = installed[path];
    // Optional ones are mostly for other platforms.
    return found ? found.version === version && found.link === link : optional === true;
  });
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}
