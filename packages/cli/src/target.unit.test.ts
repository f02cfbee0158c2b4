import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load-config.js";
import { type Target, targetOf } from "./target.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "siding-target-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const database = "postgres://ada:secret@db.internal/app";
const api = "https://siding.internal";

function target(options: object, environment: Record<string, string> = {}): Target {
  return targetOf(loadConfig({ options: { ...options }, environment, directory }));
}

describe("what a command asks", () => {
  test("is Postgres where a flag names it, whatever admin API the environment or the file names", () => {
    const asked = { kind: "database", databaseUrl: database, where: "db.internal:5432/app" };
    expect(target({ databaseUrl: database }, { SIDING_ADMIN_URL: api })).toMatchObject(asked);
    writeFileSync(join(directory, "siding.config.json"), JSON.stringify({ adminUrl: api }));
    expect(target({ databaseUrl: database })).toMatchObject(asked);
  });

  test("is the admin API otherwise, wherever it is named", () => {
    const asked = { kind: "api", where: api };
    expect(target({ url: api }, { DATABASE_URL: database })).toMatchObject(asked);
    expect(target({}, { DATABASE_URL: database, SIDING_ADMIN_URL: api })).toMatchObject(asked);
    writeFileSync(join(directory, "siding.config.json"), JSON.stringify({ adminUrl: api }));
    expect(target({}, { DATABASE_URL: database })).toMatchObject(asked);
  });

  test("is Postgres where nothing names an admin API", () => {
    expect(target({}, { DATABASE_URL: database })).toMatchObject({ kind: "database" });
  });

  test("is one of the two: flags that name both, and nothing that names either, are refused", () => {
    expect(() => target({ url: api, databaseUrl: database })).toThrow(
      expect.objectContaining({ code: "SIDING_USAGE", message: expect.stringContaining("--url and --database-url") }),
    );
    expect(() => target({})).toThrow(expect.objectContaining({ code: "SIDING_CONFIG_INVALID" }));
  });
});
