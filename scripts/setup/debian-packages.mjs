import { spawnSync } from "node:child_process";
import { progress, SetupFailure } from "./progress.mjs";
import { run } from "./run-command.mjs";

const UPDATE_TIMEOUT_MS = 300_000;
const INSTALL_TIMEOUT_MS = 900_000;
const QUERY_TIMEOUT_MS = 20_000;
// Another apt-get may be at work: on a new machine there often is.
const WAIT_FOR_LOCK = ["-o", "DPkg::Lock::Timeout=300"];

export const hasApt = query("apt-get", ["--version"]) !== undefined && query("dpkg-query", ["--version"]) !== undefined;
const isRoot = process.getuid?.() === 0;
let updated = false;

/** Installs what is missing of these packages; each may be a list of names of which the first known one serves. */
export async function haveDebianPackages(wanted, what) {
  const missing = wanted.filter((names) => ![names].flat().some(isInstalled));
  if (missing.length === 0) return;
  if (!isRoot) {
    const names = missing.map((choice) => [choice].flat()[0]).join(" ");
    throw new SetupFailure(
      `${what} needs packages that are missing: sudo apt-get install ${names}, then run this again`,
    );
  }
  await progress.step(`installing ${what} by apt-get`, async () => {
    if (!updated) updated = await apt(["update"], UPDATE_TIMEOUT_MS);
    const names = missing.map((choice) => [choice].flat().find(isKnown) ?? [choice].flat()[0]);
    if (await apt(["install", "-y", "--no-install-recommends", ...names], INSTALL_TIMEOUT_MS)) return;
    throw new SetupFailure(`apt-get install ${names.join(" ")} failed: install them by hand, then run this again`);
  });
}

function apt(args, timeoutMs) {
  return run("apt-get", ["-q", ...WAIT_FOR_LOCK, ...args], { timeoutMs, env: { DEBIAN_FRONTEND: "noninteractive" } });
}

function isInstalled(name) {
  // "ii": wanted and installed. A package that was removed is listed as well.
  return (
    query("dpkg-query", ["-l", name])
      ?.split("\n")
      .some((line) => line.startsWith("ii ")) ?? false
  );
}

function isKnown(name) {
  return Boolean(query("apt-cache", ["show", "--no-all-versions", name])?.trim());
}

function query(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: QUERY_TIMEOUT_MS });
  return status === 0 ? stdout : undefined;
}
