// What must not stand in the sources, with what to write instead. Rules of style that a linter does not know.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { sourceFiles } from "./check-imports.mjs";

const PURE = /^packages\/(core|relay)\//;

/** Where a pattern is banned, the pattern, and what to do instead. */
const BANS = [
  {
    where: PURE,
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    instead: "take the time from the Clock port",
  },
  { where: PURE, pattern: /\bMath\.random\b/, instead: "take chance from the Random port" },
  { where: PURE, pattern: /\bset(Timeout|Interval|Immediate)\b/, instead: "wait through the Clock port" },
  { where: PURE, pattern: /\bprocess\.|\bconsole\./, instead: "tell the RelayObserver" },
  { where: /^packages\/.*\/src\//, pattern: /__test__/, instead: "pass what the test needs from outside" },
];

const LINES_MAX = 600;
const DRAWERS = /^(utils?|helpers?|common|misc|lib|manager)\.ts$/;

/** What is wrong with one file, in words. */
export function bansBroken(path, source) {
  const faults = [];
  if (DRAWERS.test(basename(path))) faults.push("is a drawer: name the file for its one idea");
  const lines = source.split("\n");
  if (lines.length > LINES_MAX) faults.push(`has ${lines.length} lines, more than ${LINES_MAX}: split it`);
  lines.forEach((line, index) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return;
    for (const { where, pattern, instead } of BANS) {
      if (where.test(path) && pattern.test(line))
        faults.push(`line ${index + 1} has ${pattern.exec(line)[0]}: ${instead}`);
    }
  });
  return faults;
}

function main() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  let faults = 0;
  for (const { name } of readdirSync(join(root, "packages"), { withFileTypes: true })) {
    for (const file of sourceFiles(join(root, "packages", name, "src"))) {
      const path = relative(root, file);
      for (const fault of bansBroken(path, readFileSync(file, "utf8"))) {
        console.error(`${path}: ${fault}`);
        faults += 1;
      }
    }
  }
  if (faults > 0) process.exit(1);
  console.log("nothing banned");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
