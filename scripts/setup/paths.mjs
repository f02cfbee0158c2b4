import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const stateDir = join(root, ".siding");
export const logFile = join(stateDir, "setup.log");
export const userCacheDir = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "siding");
