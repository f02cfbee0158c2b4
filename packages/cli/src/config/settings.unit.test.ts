import { expect, test } from "vitest";
import { flagOf, KAFKA_PROPERTIES, SETTING_IDS, SETTINGS } from "./settings.js";

test.each(SETTING_IDS)("the default of %s is a value that it accepts", (id) => {
  const { kind, default: fallback } = SETTINGS[id];
  expect(fallback === undefined || kind.parse(fallback).kind === "value").toBe(true);
});

test.each([
  ["databaseUrl", "--database-url"],
  ["leaseMs", "--lease-ms"],
  ["retentionMs", "--retention"],
  ["adminHttp", "--admin-http"],
  ["adminUrl", "--url"],
  ["adminToken", "--token"],
] as const)("%s is set by the flag %s", (id, flag) => {
  expect(flagOf(id)).toBe(flag);
});

test("no two keys share a name in any source", () => {
  const environment = SETTING_IDS.map((id) => SETTINGS[id].environment);
  const file = [...SETTING_IDS.map((id) => SETTINGS[id].file), KAFKA_PROPERTIES.file, "config"];
  const flags = SETTING_IDS.map(flagOf);
  expect(new Set(flags).size).toBe(flags.length);
  expect(new Set(environment).size).toBe(environment.length);
  expect(new Set(file).size).toBe(file.length);
});
