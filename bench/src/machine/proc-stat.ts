import { readFileSync } from "node:fs";

/** Linux counts CPU time in ticks of this length; USER_HZ is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far. */
export interface ProcessUse {
  readonly cpuSeconds: number;
  /** The largest resident set it ever had. */
  readonly peakMegabytes: number;
}

/** CPU seconds of all threads of a process, and its peak memory; null once it is gone. */
export function processUse(pid: number): ProcessUse | null {
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return null; // a zombie has no memory any more
    return { cpuSeconds: cpuTicks(pid).own / TICKS_PER_SECOND, peakMegabytes: Number(peak) / 1024 };
  } catch {
    return null;
  }
}

/** CPU seconds of a server that forks, such as Postgres: itself, its live children, and those that have ended. */
export function familyCpuSeconds(pid: number): number | null {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
    const parent = cpuTicks(pid);
    let ticks = parent.own + parent.reaped;
    for (const child of children) {
      try {
        ticks += cpuTicks(child).own;
      } catch {
        // ended between the two reads: counted with its parent from now on
      }
    }
    return ticks / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}

/** CPU seconds that anything on this machine has used since it started. */
export function machineCpuSeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
    .split("\n", 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / TICKS_PER_SECOND;
}

function cpuTicks(pid: number): { own: number; reaped: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name comes second, in parentheses, and may hold anything: fields are counted from behind it.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  return { own: fields[11]! + fields[12]!, reaped: fields[13]! + fields[14]! };
}
