import { closeSync, openSync, readSync, statSync } from "node:fs";

const TAIL_BYTES = 8_000;

/** The last lines of a log from `start` on, joined into one line, for an error message. */
export function readLogTail(file: string, start: number): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const from = Math.max(start, size - TAIL_BYTES);
  const tail = Buffer.alloc(Math.max(0, size - from));
  if (tail.length === 0) return "";
  const fd = openSync(file, "r");
  readSync(fd, tail, 0, tail.length, from);
  closeSync(fd);
  return lastWords(tail.toString("utf8"));
}

/** The last lines as one, without the frames of Java's stack traces: the message stands above them. */
export function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() && !/^\s+at |^\s+\.\.\. \d+ more/.test(line));
  return lines.slice(-4).join(" | ");
}
