import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const VERSION = "4.32.5";
const HOME = fileURLToPath(new URL("../../.siding/schemathesis/", import.meta.url));

/** The pinned version from PATH, or from a virtual environment that is made where it is missing. */
export async function findSchemathesis() {
  if (isPinned("schemathesis")) return "schemathesis";
  const own = `${HOME}bin/schemathesis`;
  if (existsSync(own) && isPinned(own)) return own;
  console.error(`schemathesis ${VERSION} is not on PATH: making a virtual environment in .siding/schemathesis`);
  need("python3", ["-m", "venv", "--clear", HOME], "Python 3 with its module venv (Debian: python3-venv)");
  need(`${HOME}bin/pip`, ["install", "--quiet", `schemathesis==${VERSION}`], "a package index that pip reaches");
  return own;
}

function isPinned(command) {
  const { stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  return stdout?.includes(VERSION) === true;
}

function need(command, args, what) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return;
  console.error(`fuzzing needs schemathesis ${VERSION}, and that needs ${what}.\n${stderr ?? error?.message ?? ""}`);
  process.exit(3);
}
