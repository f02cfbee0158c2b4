import type { ChildProcess } from "node:child_process";

// By default a signal ends Node without its exit listeners.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** A process of a measurement must not outlive it and disturb the next one, however this one ends. */
export function endWithThis(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("close", () => process.off("exit", kill));
}
