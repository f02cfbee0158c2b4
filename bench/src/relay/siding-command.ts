import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The command as it is shipped: what is measured is what an operator starts. */
export const SIDING = fileURLToPath(new URL("../../../packages/cli/bin/siding.js", import.meta.url));
/** Holds no siding.config file: the figures are those of the defaults, unless the environment says otherwise. */
export const WORKING_DIRECTORY = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a command to its end. @throws with what it said, where it fails */
export async function runSiding(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await run(process.execPath, [SIDING, ...args], {
    cwd: WORKING_DIRECTORY,
    env: { ...process.env, ...environment },
  });
  return stdout;
}
