import { describe, expect, test } from "vitest";
// @ts-expect-error plain JavaScript: it runs before anything is built
import { bansBroken } from "./check-bans.mjs";
// @ts-expect-error plain JavaScript: it runs before anything is built
import { importFaults } from "./check-imports.mjs";

describe("the import check", () => {
  test("lets relay import core, and nothing else of ours", () => {
    expect(importFaults("relay", 'import { x } from "@siding/core/errors.js";')).toEqual([]);
    expect(importFaults("relay", 'import { x } from "@siding/store-postgres/migrate.js";')).toHaveLength(1);
  });
  test("keeps Node and drivers out of core", () => {
    expect(importFaults("core", 'import { readFileSync } from "node:fs";\nimport pg from "pg";')).toHaveLength(2);
  });
  test("sees imports that run over several lines, and types", () => {
    expect(importFaults("core", 'import type {\n  A,\n  B,\n} from "pg";')).toHaveLength(1);
  });
});

describe("the ban check", () => {
  test("finds a clock in the relay, but not in a comment", () => {
    expect(bansBroken("packages/relay/src/a.ts", "const t = Date.now();")).toHaveLength(1);
    expect(bansBroken("packages/relay/src/a.ts", "// Date.now() would be wrong here")).toEqual([]);
  });
  test("lets the command line read a clock", () => {
    expect(bansBroken("packages/cli/src/system-clock.ts", "const t = Date.now();")).toEqual([]);
  });
  test("names drawers and long files", () => {
    expect(bansBroken("packages/cli/src/utils.ts", "")).toHaveLength(1);
    expect(bansBroken("packages/cli/src/long.ts", "\n".repeat(700))).toHaveLength(1);
  });
});
