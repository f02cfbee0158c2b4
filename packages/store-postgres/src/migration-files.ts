import { readdirSync, readFileSync } from "node:fs";

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** A relay of the release before cannot run on it: refused while one does. */
  readonly isBreaking: boolean;
  readonly up: string;
  readonly down: string;
}

const FOLDER = new URL("../migrations/", import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.up\.sql$/;

/**
 * Every migration, in order. The first line of each declares its risk: `--! compatible` or `--! breaking`.
 * @throws Error for a file that declares nothing, or a gap in the numbers
 */
export function readMigrations(folder: URL = FOLDER): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".up.sql"))
    .sort();
  return names.map((file, index) => {
    const match = FILE_NAME.exec(file);
    if (match === null || Number(match[1]) !== index + 1)
      throw new Error(`migration ${file}: expected number ${index + 1}`);
    const up = readFileSync(new URL(file, folder), "utf8");
    const mark = /^--! (compatible|breaking)\n/.exec(up);
    if (mark === null) throw new Error(`migration ${file}: its first line must be "--! compatible" or "--! breaking"`);
    const down = readFileSync(new URL(file.replace(".up.", ".down."), folder), "utf8");
    return { version: index + 1, name: match[2]!, isBreaking: mark[1] === "breaking", up, down };
  });
}
