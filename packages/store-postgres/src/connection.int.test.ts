import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../tests/src/test-database.js";
import { Connections, isStatementCanceled } from "./connection.js";

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

/** Whether or not the one who takes the rows threw before. */
describe.each([
  ["rows are taken", () => {}],
  [
    "a row was thrown over",
    () => {
      throw new Error("not a number");
    },
  ],
])("an end in the midst of rows: %s", (_name, each) => {
  test("Postgres refuses the next one", async () => {
    const text = "select (1 / (3 - n))::text from generate_series(1, $1::int) n";
    const failing = connections.runEach({ name: "test_midst", text }, [5], each);
    await expect(failing).rejects.toMatchObject({ code: "SIDING_INTERNAL" });
    expect(await connections.run(NUMBERS, [1])).toEqual([["1", null]]);
  });

  // Postgres sends rows when 8 KiB of them are there.
  const SLOW =
    "select case when n < 3 then repeat('x', 20000) else pg_sleep(30)::text end from generate_series(1, $1::int) n";

  test("Postgres cancels the statement", async () => {
    await connections.run({ name: "test_short", text: "set statement_timeout = '200ms'" }, []);
    let seen = 0;
    const failing = connections.runEach({ name: "test_slow", text: SLOW }, [5], () => {
      seen += 1;
      each();
    });
    const error = await failing.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "SIDING_STORE_UNREACHABLE" });
    expect(isStatementCanceled(error)).toBe(true);
    expect(seen).toBeGreaterThan(0);
    await connections.run({ name: "test_long", text: "set statement_timeout = '30s'" }, []);
    expect(await connections.run(NUMBERS, [1])).toEqual([["1", null]]);
  });

  test("the connection ends", async () => {
    const [row] = await connections.run({ name: "test_pid", text: "select pg_backend_pid()::text" }, []);
    let ended: Promise<unknown> | null = null;
    const failing = connections.runEach({ name: "test_slow", text: SLOW }, [5], () => {
      ended ??= database.query("select pg_terminate_backend($1)", [row![0]]);
      each();
    });
    await expect(failing).rejects.toMatchObject({ code: "SIDING_STORE_UNREACHABLE" });
    await ended;
    expect(await connections.run(NUMBERS, [1])).toEqual([["1", null]]);
  });
});
