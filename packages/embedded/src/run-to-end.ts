import { spawn } from "node:child_process";
import { once } from "node:events";
import { lastWords } from "./log-tail.js";
import { ServiceStartError } from "./service-start-error.js";
import type { User } from "./unprivileged-user.js";
import type { Watchdog } from "./watchdog.js";

interface Tool {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly user: User | undefined;
  readonly timeoutMs: number;
  readonly watchdog: Watchdog;
}

/** Runs a one-off program (initdb, the storage formatter) under the watchdog; rejects with the end of what it wrote. */
export async function runToEnd(tool: Tool): Promise<void> {
  const child = spawn(tool.command, tool.args, {
    cwd: tool.cwd,
    env: tool.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: tool.timeoutMs,
    killSignal: "SIGKILL",
    ...(tool.user && { uid: tool.user.uid, gid: tool.user.gid }),
  });
  if (child.pid !== undefined) tool.watchdog.watch(String(child.pid));
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-8_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  try {
    const [code, signal] = await once(child, "close");
    if (code !== 0) throw new Error(signal ? `ended by ${signal}` : `exit code ${code}`);
  } catch (cause) {
    throw new ServiceStartError(`${tool.command} failed (${(cause as Error).message}): ${lastWords(output)}`, {
      cause,
    });
  } finally {
    tool.watchdog.watch("");
  }
}
