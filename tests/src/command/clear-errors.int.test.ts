import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type FinishedCommand, SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

/** What stands on stderr apart from the log: the one line that says why the command ended. */
function lastWords({ stderr }: FinishedCommand): string[] {
  return stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
}

describe("what is wrong gets one clear line and the right exit code", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    await database.query("select siding.enqueue('kept', '1')");
  });
  afterAll(() => database.drop());

  async function relay(settings: Record<string, string>): Promise<FinishedCommand> {
    return SidingProcess.relay({
      databaseUrl: database.url,
      kafkaBrokers: inject("kafkaBrokers"),
      settings: { SIDING_DEPLOYMENT: "clear-errors", ...settings },
    }).ended;
  }
  const withUrl = (change: (url: URL) => void): string => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };

  test.each([
    ["a web address as broker", () => ({ KAFKA_BROKERS: "http://kafka:9092" }), 2, /KAFKA_BROKERS.*not at a URL/],
    [
      "a broker that is not there",
      () => ({ KAFKA_BROKERS: "127.0.0.1:1" }),
      3,
      /Kafka at 127\.0\.0\.1:1.*Check that Kafka runs/,
    ],
    [
      "a database server that is not there",
      () => ({ DATABASE_URL: "postgres://u:secret@127.0.0.1:1/x" }),
      3,
      /ECONNREFUSED/,
    ],
    [
      "a database that does not exist",
      () => ({ DATABASE_URL: withUrl((url) => (url.pathname = "/nowhere")) }),
      3,
      /"nowhere" does not exist/,
    ],
    ["a client property that nobody knows", () => ({ SIDING_KAFKA__NONSENSE: "1" }), 2, /nonsense/],
    ["a setting that nobody knows", () => ({ SIDING_LEASE: "1" }), 2, /SIDING_LEASE/],
    ["a bad unit", () => ({ SIDING_LEASE_MS: "5s" }), 2, /SIDING_LEASE_MS is "5s"/],
  ])("%s", async (_what, settings, code, line) => {
    const ended = await relay(settings());
    expect(lastWords(ended)).toHaveLength(1);
    expect(lastWords(ended)[0]).toMatch(line);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toContain("secret");
  });

  test("a wrong password", async () => {
    await database.query(
      "do $$ begin create role clear_errors login password 'right'; exception when duplicate_object then null; end $$",
    );
    const url = withUrl((each) => {
      each.username = "clear_errors";
      each.password = "wrong-secret";
    });
    const ended = await relay({ DATABASE_URL: url });
    // A server that trusts everyone on loopback lets the user in; then the role is what it lacks.
    expect(lastWords(ended)).toHaveLength(1);
    expect(lastWords(ended)[0]).toMatch(
      /password authentication failed|user "clear_errors" is no member of siding_relay/,
    );
    expect(ended.code).toBe(3);
    expect(ended.stderr).not.toContain("wrong-secret");
  });

  test("a database that was never migrated", async () => {
    const empty = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    try {
      const ended = await relay({ DATABASE_URL: empty.url });
      expect(lastWords(ended)[0]).toMatch(/Run `siding migrate`/);
      expect(ended.code).toBe(2);
    } finally {
      await empty.drop();
    }
  });

  test("none of them lost anything", async () => {
    const rows = await database.query("select status from siding.events");
    expect(rows).toEqual([{ status: "pending" }]);
  });
});
