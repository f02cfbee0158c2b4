// Every patch of mutants/ still applies to the sources: the hunt itself takes far longer to say so.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const patches = readdirSync(join(root, "mutants")).filter((file) => file.endsWith(".patch"));
const stale = patches.filter((file) => {
  const checked = spawnSync("git", ["apply", "--check", join("mutants", file)], { cwd: root, encoding: "utf8" });
  if (checked.status !== 0) console.error(`mutants/${file} no longer applies: ${checked.stderr.split("\n")[0]}`);
  return checked.status !== 0;
});
if (stale.length > 0) process.exit(1);
console.log(`${patches.length} mutants apply`);
