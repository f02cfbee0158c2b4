import { fileURLToPath } from "node:url";
import { migrate } from "@siding/store-postgres/migrate.js";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { describeSchema } from "./describe-schema.js";

const SNAPSHOT = fileURLToPath(new URL("../../../packages/store-postgres/schema.snapshot.txt", import.meta.url));

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
});
afterEach(() => database.drop());

// A change of the schema shows in this file as a reviewer reads it: `npx vitest run tests/src/schema -u` writes it anew.
test("the migrations make the schema that is written down", async () => {
  await expect(await describeSchema(database)).toMatchFileSnapshot(SNAPSHOT);
});

test("going down to nothing and up again makes the same schema", async () => {
  const before = await describeSchema(database);
  await migrate({ databaseUrl: database.url, to: 0 });
  expect(await describeSchema(database)).toBe("");
  await migrate({ databaseUrl: database.url });
  expect(await describeSchema(database)).toBe(before);
});

test("a column, a grant and a default that somebody added by hand are seen", async () => {
  const before = await describeSchema(database);
  for (const [undo, by] of [
    ["alter table siding.event drop column extra", "alter table siding.event add column extra int"],
    ["revoke update on siding.event from siding_relay", "grant update on siding.event to siding_relay"],
    [
      "alter table siding.relay alter seen_at set default clock_timestamp()",
      "alter table siding.relay alter seen_at set default now()",
    ],
    [
      "alter function siding.enqueue_many(jsonb) security definer",
      "alter function siding.enqueue_many(jsonb) security invoker",
    ],
  ] as const) {
    await database.query(by);
    expect(await describeSchema(database), by).not.toBe(before);
    await database.query(undo);
    expect(await describeSchema(database), undo).toBe(before);
  }
});
