// Applies each patch of mutants/ to a copy of the sources and plays the simulation on it, up to the first schedule that
// breaks a promise. A wrong way that no schedule trips over means that the simulation has stopped protecting what the
// patch breaks. `npm run mutants [-- NAME…]`.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const PACKAGES = ["core", "relay", "testkit", "simulation"];
/** As many schedules as a commit plays. */
const SCHEDULES = 10_000;
/** Of one command: a survivor plays every schedule, on a machine that may be busy. */
const TIMEOUT_MS = 150_000;

const asked = process.argv.slice(2);
const names = readdirSync(join(root, "mutants"))
  .filter((file) => file.endsWith(".patch"))
  .map((file) => file.slice(0, -".patch".length))
  .filter((name) => asked.length === 0 || asked.includes(name));
if (names.length === 0) throw new Error(`no mutant is called ${asked.join(" or ")}`);

const began = performance.now();
const left = [...names];
const survivors = [];
await Promise.all(Array.from({ length: Math.min(availableParallelism(), names.length) }, huntInOneCopy));
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(`${names.length - survivors.length} of ${names.length} mutants caught, ${seconds} s`);
if (survivors.length > 0) process.exit(1);

/** Each hunter has a copy of its own, in which one patch after another is applied and taken back. */
async function huntInOneCopy() {
  const copy = copyOfSources();
  try {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const { isCaught, says } = await hunt(copy, name);
      console.log(`${isCaught ? "caught  " : "SURVIVED"}  ${name.padEnd(28)}  ${says}`);
      if (!isCaught) survivors.push(name);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function hunt(copy, name) {
  const patch = join(root, "mutants", `${name}.patch`);
  // Strict: a patch that has to be moved about no longer shows what it was made to show.
  const applied = await run(copy, "git", ["apply", patch]);
  if (applied.code !== 0) return { isCaught: false, says: `the patch no longer applies: ${firstLine(applied.output)}` };
  try {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const built = await run(copy, process.execPath, [tsc, "-b", "packages/simulation"]);
    if (built.code !== 0) return { isCaught: false, says: `does not compile: ${firstLine(built.output)}` };
    const main = join(copy, "packages", "simulation", "dist", "main.js");
    const played = await run(copy, process.execPath, [main, "--seeds", SCHEDULES, "--threads", 1, "--no-shrink"]);
    const broken = /^seed (\d+) broke a promise: (.*)$/m.exec(played.output);
    if (broken === null)
      return { isCaught: false, says: `${firstLine(played.output)}: ${firstLine(readFileSync(patch, "utf8"))}` };
    return { isCaught: true, says: `${String(broken[1]).padStart(5)} schedules  ${broken[2].slice(0, 90)}` };
  } finally {
    await run(copy, "git", ["apply", "--reverse", patch]);
  }
}

function copyOfSources() {
  const copy = mkdtempSync(join(tmpdir(), "siding-mutant-"));
  // A mutant may leave something unused behind; that is not what it is to be caught for.
  const settings = JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8"));
  settings.compilerOptions.noUnusedLocals = false;
  writeFileSync(join(copy, "tsconfig.base.json"), JSON.stringify(settings));
  const modules = join(copy, "node_modules");
  mkdirSync(join(modules, "@siding"), { recursive: true });
  for (const name of PACKAGES) {
    const from = join(root, "packages", name);
    for (const part of ["package.json", "tsconfig.json", "src"]) {
      cpSync(join(from, part), join(copy, "packages", name, part), { recursive: true });
    }
    symlinkSync(join(copy, "packages", name), join(modules, "@siding", name));
  }
  for (const module of readdirSync(join(root, "node_modules"))) {
    if (module !== "@siding" && !module.startsWith("."))
      symlinkSync(join(root, "node_modules", module), join(modules, module));
  }
  return copy;
}

/** Never throws: what a command says and how it ends is the answer. */
function run(cwd, command, args) {
  return new Promise((resolve) => {
    // The copy is no repository, and must not be taken for a part of one around it.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() };
    const child = spawn(command, args.map(String), {
      cwd,
      env,
      timeout: TIMEOUT_MS,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.stderr.on("data", (text) => {
      output += text;
    });
    child.on("close", (code) => resolve({ code, output }));
  });
}

function firstLine(text) {
  return text.trim().split("\n")[0];
}
