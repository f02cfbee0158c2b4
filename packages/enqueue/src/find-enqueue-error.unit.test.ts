import { describe, expect, test } from "vitest";
import { EnqueueError } from "./enqueue-error.js";
import { findEnqueueError } from "./find-enqueue-error.js";
import { STATEMENT_END } from "./statement.js";

const HINT = "Name the Kafka topic that the event goes to.";

function databaseError(code = "SD001"): Error {
  return Object.assign(new Error("topic is empty"), { code, hint: HINT, severity: "ERROR" });
}

// The shapes as the clients make them; the suite over real clients is in tests/src/enqueue.
const SHAPES: readonly [string, () => unknown][] = [
  ["as it is (pg, postgres.js, Kysely)", databaseError],
  ["in cause (Drizzle)", () => new Error("Failed query: select $1", { cause: databaseError() })],
  [
    "in driverError, its code copied outward (TypeORM)",
    () => Object.assign(new Error("query failed"), { code: "SD001", driverError: databaseError() }),
  ],
  [
    "in meta (Prisma)",
    () =>
      Object.assign(new Error("Raw query failed"), {
        code: "P2010",
        meta: {
          driverAdapterError: Object.assign(new Error("topic is empty"), {
            cause: { originalCode: "SD001", message: "topic is empty", hint: HINT },
          }),
        },
      }),
  ],
  [
    "behind the statement in its message (Knex)",
    () => {
      const error = databaseError();
      error.message = `select 'topic - payload' ${STATEMENT_END} - ${error.message}`;
      return error;
    },
  ],
  ["from another copy of this package", () => ({ code: "SD001", message: `topic is empty. ${HINT}`, hint: HINT })],
];

describe("a refusal is found whatever the client puts around it", () => {
  test.each(SHAPES)("%s", (_name, make) => {
    const thrown = make();
    const refusal = findEnqueueError(thrown);
    expect(refusal).toBeInstanceOf(EnqueueError);
    expect(refusal).toMatchObject({ code: "SD001", hint: HINT, retry: "never", message: `topic is empty. ${HINT}` });
    expect(refusal?.cause).toBe(thrown);
  });

  test("an EnqueueError inside another error is given back as it is", () => {
    const inner = new EnqueueError("SD003", "tenant is blocked", {});
    expect(findEnqueueError(new Error("rolled back", { cause: inner }))).toBe(inner);
  });
});

test("only a full backlog is worth trying again", () => {
  const retries = ["SD001", "SD002", "SD003"].map((code) => findEnqueueError(databaseError(code))?.retry);
  expect(retries).toEqual(["never", "backoff", "never"]);
});

describe("anything else is no refusal", () => {
  const looping: { cause?: unknown } = {};
  looping.cause = looping;
  const endless = {
    get cause() {
      return Object.create(endless, { own: { value: 1 } });
    },
  };
  const hostile = {
    get code(): string {
      throw new Error("no");
    },
  };
  test.each<[string, unknown]>([
    ["another SQLSTATE", databaseError("23505")],
    ["a code of no such meaning", databaseError("SD999")],
    ["a name every object inherits", databaseError("constructor")],
    ["a string", "SD001"],
    ["null", null],
    ["undefined", undefined],
    ["a cause that leads back", looping],
    ["causes without end", endless],
    ["a getter that throws", hostile],
  ])("%s", (_name, thrown) => {
    expect(findEnqueueError(thrown)).toBeUndefined();
  });
});
