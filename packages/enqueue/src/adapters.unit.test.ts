import { describe, expect, test } from "vitest";
import { fromDrizzle } from "./drizzle.js";
import { fromKnex } from "./knex.js";
import { fromKysely } from "./kysely.js";
import { fromPostgresJs } from "./postgres-js.js";
import { fromPrisma } from "./prisma.js";
import { fromTypeOrm } from "./typeorm.js";

// That they enqueue is tested with the real clients, in tests/src/enqueue.
describe("what is no transaction is refused also in code without types", () => {
  const notOne = { $connect() {} } as never;
  test.each<[string, () => unknown]>([
    ["postgres.js's sql", () => fromPostgresJs(notOne)],
    ["Drizzle's db", () => fromDrizzle(notOne, () => "")],
    ["the Prisma client", () => fromPrisma(notOne)],
    ["knex", () => fromKnex(notOne)],
    ["Kysely's db", () => fromKysely(notOne)],
    ["this TypeORM manager", () => fromTypeOrm(notOne)],
  ])("%s", (what, wrap) => {
    expect(wrap).toThrow(`${what} is not a transaction`);
  });
});

describe("placeholders become each client's own", () => {
  const text = "select $1::text, $2::int";

  test("question marks for Knex", async () => {
    const calls: unknown[] = [];
    const raw = async (...call: unknown[]) => calls.push(call);
    await fromKnex({ commit: () => {}, raw }).query(text, ["a", null]);
    expect(calls).toEqual([["select ?::text, ?::int", ["a", null]]]);
  });

  test("a template for Drizzle", async () => {
    const calls: unknown[] = [];
    const execute = async (query: unknown) => [query as object];
    const sql = (strings: TemplateStringsArray, ...values: unknown[]) =>
      calls.push([[...strings], strings.raw, values]);
    await fromDrizzle({ rollback: () => {}, execute }, sql).query(text, ["a", null]);
    const strings = ["select ", "::text, ", "::int"];
    expect(calls).toEqual([[strings, strings, ["a", null]]]);
  });
});
