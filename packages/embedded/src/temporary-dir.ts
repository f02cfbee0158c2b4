import { chownSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closedDirectory, type User } from "./unprivileged-user.js";

/** A new directory that only its owner can read; whoever asked for it has it removed by a watchdog. */
export function makeTemporaryDir(name: string, owner: User | undefined): string {
  const preferred = realpathSync(tmpdir());
  // TMPDIR may lie in root's home, where the unprivileged user cannot go.
  const base = owner && closedDirectory(preferred, owner) ? realpathSync("/tmp") : preferred;
  const dir = mkdtempSync(join(base, `siding-${name}-`));
  if (owner) chownSync(dir, owner.uid, owner.gid);
  return dir;
}
