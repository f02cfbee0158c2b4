import { spawn } from "node:child_process";
import { once } from "node:events";
import { ServiceStartError } from "./service-start-error.js";

/**
 * A shell process that outlives this one just long enough to clean up: it reads a pipe that only this process holds,
 * and the pipe ends however this process ends, SIGKILL included.
 */
export interface Watchdog {
  /** From now on this is what has to be ended; an empty string for nothing. */
  watch(target: string): void;
  /** Lets it do its cleaning now, of what is still watched too; resolves when that is done. */
  release(): Promise<void>;
}

/** Arguments: the signal to try first, then the directory to remove (empty: none). The watched target is a pid. */
const END_PROCESS = `
if [ -n "$target" ]; then
  kill -s CONT -- "-$target"; kill -s "$1" -- "-$target"
  tries=0
  while kill -s 0 -- "-$target" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL -- "-$target"
fi
[ -z "$2" ] || rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }`;

const END_CONTAINER = `[ -z "$target" ] || docker rm -f -v "$target"`;

export function guardProcess(firstSignal: NodeJS.Signals, removeDir: string | undefined): Watchdog {
  return startWatchdog(END_PROCESS, [firstSignal.replace("SIG", ""), removeDir ?? ""]);
}

export function guardContainer(): Watchdog {
  return startWatchdog(END_CONTAINER, []);
}

function startWatchdog(cleanup: string, args: readonly string[]): Watchdog {
  const script = `trap '' HUP INT TERM; exec 2>/dev/null; target=; while read -r line; do target=$line; done; ${cleanup}`;
  // Detached: Ctrl-C in a terminal signals the whole foreground group, and must not take the watchdog with it.
  const shell = spawn("/bin/sh", ["-c", script, "siding-watchdog", ...args], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(shell, "exit").catch((cause: unknown) => {
    throw new ServiceStartError("cannot run /bin/sh, which ends embedded services when this process dies", { cause });
  });
  ended.catch(() => {}); // reported by release(); a missing shell must not be an unhandled rejection as well
  shell.stdin.on("error", () => {}); // a watchdog that was killed by hand: nothing is left to tell it
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();

  return {
    watch: (target) => void shell.stdin.write(`${target}\n`),
    release: async () => {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
