import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { databaseUrlProblem, maskDatabaseUrl } from "./database-url.js";

describe("database addresses", () => {
  test.each([
    "postgres://app:secret@db:5432/orders",
    "postgresql://db/orders?sslmode=require",
    "postgresql:///orders?host=/var/run/postgresql",
    "postgres://app:secret@/orders?host=/var/run/postgresql",
    "postgres://app@%2Fvar%2Frun%2Fpostgresql/orders",
    "postgres://app:p%23ss@[::1]:5432/orders",
  ])("%s is accepted", (text) => {
    expect(databaseUrlProblem(text)).toBeUndefined();
  });

  test.each(["", "db:5432", "host=db dbname=orders", "mysql://db/orders", "http://db:5432", "Postgres:/db"])(
    "%j is refused with the form to write",
    (text) => {
      expect(databaseUrlProblem(text)).toBe("expected postgres://user:password@host:port/database");
    },
  );

  test.each(["postgres://app:pa#ss@db/orders", "postgres://app:12#3@db/orders", "postgres://app:pa/ss@db/orders"])(
    "%s is refused with how to write the password",
    (text) => {
      expect(databaseUrlProblem(text)).toContain("percent-encoded");
    },
  );

  test("a line end that came with a mounted secret is refused", () => {
    expect(databaseUrlProblem("postgres://app:secret@db/orders\n")).toContain("line ends");
  });

  test.each([
    ["postgres://app:secret@db:5432/orders", "postgres://app:****@db:5432/orders"],
    ["postgres://app@db/orders", "postgres://app@db/orders"],
    ["postgres://db:5432/orders", "postgres://db:5432/orders"],
    ["postgres://db/o?user=a&password=secret&x=1", "postgres://db/o?user=a&password=****&x=1"],
    ["mysql://app:sec@ret/#@db", "mysql://app:****@db"],
    ["host=db password=secret", "****"],
  ])("%s is printed as %s", (text, masked) => {
    expect(maskDatabaseUrl(text)).toBe(masked);
  });

  test("no password survives masking, however it is spelled", () => {
    const password = fc.string({ unit: "binary", minLength: 1 }).map((text) => `<${text}>`);
    fc.assert(
      fc.property(password, (secret) => {
        expect(maskDatabaseUrl(`postgres://app:${secret}@db/orders`)).toBe("postgres://app:****@db/orders");
      }),
    );
  });
});
