import { readFileSync } from "node:fs";

/** A statement under its own name, so that Postgres plans it once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads `sql/<name>.sql`. The files lie in src also for the compiled package, which ships them from there.
 * Comments are cut: they would travel with the first use on every connection.
 */
export function statement(name: string): Statement {
  const source = readFileSync(new URL(`../src/sql/${name}.sql`, import.meta.url), "utf8");
  return { name: `siding_${name}`, text: source.replace(/--.*$/gm, "").trim() };
}
