import pc from "picocolors";
import { type Logger, pino, stdSerializers } from "pino";

const COLORS: Record<string, (text: string) => string> = { warn: pc.yellow, error: pc.red, fatal: pc.red };

/**
 * JSON lines on stderr; on a terminal one readable line each. Synchronous: a line that says why a process ends must be
 * out before it does.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    serializers: { error: stdSerializers.err },
    timestamp: pino.stdTimeFunctions?.isoTime,
  };
  if (process.stderr.isTTY !== true) {
    return pino(
      { ...options, formatters: { level: (label) => ({ level: label }) } },
      pino.destination({ dest: 2, sync: true }),
    );
  }
  return pino(
    { ...options, formatters: { level: (label) => ({ level: label }) } },
    {
      write(line: string) {
        const { level: name, time, msg } = JSON.parse(line) as { level: string; time: string; msg: string };
        const color = COLORS[name] ?? ((text: string) => text);
        process.stderr.write(`${time.slice(11, 23)} ${color(`${name.padEnd(5)} ${msg}`)}\n`);
      },
    },
  );
}
