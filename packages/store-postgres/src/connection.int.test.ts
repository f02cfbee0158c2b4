import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/src/test-database.js";
import { Connections } from "./connection.js";

let database: TestDatabase;
let connections: Connections;

beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
  connections = new Connections(database.url, 1);
});
afterAll(async () => {
  await connections.close();
  await database.drop();
});

const NUMBERS = { name: "test_numbers", text: "select n::text, null from generate_series(1, $1::int) n" };

test("rows are handed over one by one, as Postgres wrote them", async () => {
  const rows: unknown[] = [];
  await connections.runEach(NUMBERS, [3], (row) => rows.push(row));
  expect(rows).toEqual([
    ["1", null],
    ["2", null],
    ["3", null],
  ]);
});

test("what is thrown over a row comes out once, and the connection serves on", async () => {
  let seen = 0;
  const broken = connections.runEach(NUMBERS, [1_000], () => {
    seen += 1;
    throw new Error("not a number");
  });
  await expect(broken).rejects.toThrow("not a number");
  expect(seen).toBe(1);
  expect(await connections.run(NUMBERS, [1])).toEqual([["1", null]]);
});

test("an error of Postgres is one of Siding's", async () => {
  const failing = connections.run({ name: "test_failing", text: "select 1 / $1::int" }, [0]);
  await expect(failing).rejects.toMatchObject({ code: "SIDING_INTERNAL" });
});
