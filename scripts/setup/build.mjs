import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { logFile, root } from "./paths.mjs";
import { progress, SetupFailure } from "./progress.mjs";

const TIMEOUT_MS = 300_000;
const BUILD_FAILED = 1;

/** Compiles what changed; the compiler finds out by itself what that is, in a fraction of a second. */
export async function build() {
  await progress.check("compiling", compile);
}

function compile() {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-b"], {
    cwd: root,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
  });
  if (status === 0) return;
  appendFileSync(logFile, `\n$ tsc -b\n${stdout}${stderr}`);
  const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
  throw new SetupFailure(`tsc -b failed, ${errors.length} errors, the first: ${errors[0] ?? stderr.trim()}`, {
    exitCode: BUILD_FAILED,
  });
}
