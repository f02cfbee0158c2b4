import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { ServiceStartError } from "./service-start-error.js";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Whom Postgres runs as: it refuses root. Undefined where this process is not root and can run it as itself. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const uid = idOf("-u", name);
    const gid = idOf("-g", name);
    if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  throw new ServiceStartError(
    "Postgres refuses to run as root, and there is no user postgres or nobody to run it as: " +
      "run as an ordinary user, or set DATABASE_URL",
  );
}

function idOf(flag: "-u" | "-g", name: string): number | undefined {
  try {
    return Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe", timeout: 5_000 }).trim());
  } catch {
    return undefined; // `id` fails for a user that does not exist
  }
}

/** The first directory on the way to `path` which that user may not pass through; undefined where all let it through. */
export function closedDirectory(path: string, user: User): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : closedDirectory(parent, user);
  if (above !== undefined) return above;
  const { uid, gid, mode } = statSync(path);
  const enter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return mode & enter ? undefined : path;
}
