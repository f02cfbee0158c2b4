import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Where what was fetched once is kept: SIDING_CACHE_DIR, else `.siding` in a checkout, else the user's own cache. */
export function cacheDir(): string {
  if (process.env.SIDING_CACHE_DIR) return resolve(process.env.SIDING_CACHE_DIR);
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  return isCheckout(root) ? join(root, ".siding") : userCacheDir();
}

export function userCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "siding");
}

function isCheckout(root: string): boolean {
  try {
    return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).name === "siding-workspace";
  } catch {
    return false; // installed from a registry: nothing of ours three directories up
  }
}
