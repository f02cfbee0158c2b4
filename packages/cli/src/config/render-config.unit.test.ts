import { expect, test } from "vitest";
import type { ConfigEntry } from "./load-config.js";
import { renderConfig } from "./render-config.js";

const ENTRIES: readonly ConfigEntry[] = [
  { key: "DATABASE_URL", value: null, source: { kind: "default" } },
  { key: "SIDING_LEASE_MS", value: 4_000, source: { kind: "flag", flag: "--lease-ms" } },
  { key: "SIDING_SHARDS", value: 8, source: { kind: "file", file: "siding.config.yaml" } },
];

test("the plain table is aligned columns without color or trailing blanks", () => {
  expect(renderConfig(ENTRIES, "table", false)).toBe(
    [
      "KEY              VALUE      SOURCE",
      "DATABASE_URL     (not set)  default",
      "SIDING_LEASE_MS  4000       --lease-ms",
      "SIDING_SHARDS    8          siding.config.yaml",
      "",
    ].join("\n"),
  );
});

test("a terminal gets color in the same table", () => {
  const start = String.fromCharCode(27);
  expect(renderConfig(ENTRIES, "table", true)).toContain(`${start}[36mSIDING_LEASE_MS`);
});

test("JSON is a list of key, value and source", () => {
  expect(JSON.parse(renderConfig(ENTRIES, "json", false))).toEqual([
    { key: "DATABASE_URL", value: null, source: "default" },
    { key: "SIDING_LEASE_MS", value: 4_000, source: "--lease-ms" },
    { key: "SIDING_SHARDS", value: 8, source: "siding.config.yaml" },
  ]);
});
