import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { userCacheDir } from "./paths.mjs";

const PARTS = ["Release", "deps"];
const LOADED_AT_RUN_TIME = /\.(node|so|dylib)(\.\d+)*$/;

/** Puts a binary that an earlier set-up on this machine made into a new install. Whether it loads is not known yet. */
export function restoreBinary(directory, version) {
  const cached = cachePath(version);
  if (!existsSync(cached)) return false;
  copyBinary(cached, join(directory, "build"));
  return true;
}

/** Keeps a binary that was seen to load. A cache that cannot be written costs the next clone time and nothing else. */
export function saveBinary(directory, version) {
  const target = cachePath(version);
  const partial = `${target}.${process.pid}`;
  try {
    copyBinary(join(directory, "build"), partial);
    rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
  } catch {
    rmSync(partial, { recursive: true, force: true });
  }
}

function copyBinary(from, to) {
  for (const part of PARTS) {
    const names = existsSync(join(from, part)) ? readdirSync(join(from, part)) : [];
    for (const name of names.filter((name) => LOADED_AT_RUN_TIME.test(name))) {
      mkdirSync(join(to, part), { recursive: true });
      copyFileSync(join(from, part, name), join(to, part, name));
    }
  }
}

function cachePath(version) {
  const abi = process.versions.modules;
  return join(userCacheDir, `kafka-client-${version}-${process.platform}-${process.arch}-node${abi}`);
}
