import { readdirSync, readFileSync } from "node:fs";
import { EnqueueError, PayloadInvalidError } from "@siding/enqueue";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../test-database.js";
import { httpStatusFor } from "./answer-refusal.js";
import { cancelOrder } from "./typed-topics.js";

const REPOSITORY = new URL("../../../../", import.meta.url);
const README = readFileSync(new URL("packages/enqueue/README.md", REPOSITORY), "utf8");

/** In the README's source, a comment with a file's path stands before each example that was taken from that file. */
const EXAMPLES = [...README.matchAll(/<!-- (\S+) -->\n```ts\n(.*?)```/gs)].map(([, path, code]) => ({
  path: path!,
  // Paragraph by paragraph: the file may have more between them.
  paragraphs: code!.trim().split("\n\n"),
}));

test.each(EXAMPLES)("the README's example is what $path runs", ({ path, paragraphs }) => {
  const source = readFileSync(new URL(path, REPOSITORY), "utf8");
  for (const paragraph of paragraphs) expect(source).toContain(paragraph);
});

test("the README has an example for every client, and none that is not run", () => {
  const clients = readdirSync(new URL("tests/src/enqueue/clients", REPOSITORY)).filter((name) =>
    /-client\.ts$|^drizzle-over-pg\.ts$/.test(name),
  );
  const shown = EXAMPLES.map(({ path }) => path.split("/").at(-1));
  expect(shown.toSorted()).toEqual([...clients, "typed-topics.ts", "answer-refusal.ts"].toSorted());
  expect(README.match(/```ts/g)).toHaveLength(EXAMPLES.length);
});

test("an outbox with typed topics writes what its schema makes of a payload", async () => {
  const database = await createTestDatabase(inject("databaseUrl"));
  onTestFinished(() => database.drop());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());

  const first = await cancelOrder(client, "north", "7");
  expect(await cancelOrder(client, "north", "7")).toEqual({ ...first, duplicate: true });
  expect(await database.query("select tenant_id, topic, dedupe_key, payload from siding.events")).toEqual([
    {
      tenant_id: "north",
      topic: "orders.cancelled",
      dedupe_key: "cancel-7",
      payload: { id: "7", reason: "none given" },
    },
  ]);
});

test("a refusal says what its caller should be answered", () => {
  expect(httpStatusFor(new PayloadInvalidError("t", [{ message: "wrong" }], ""))).toBe(422);
  expect(httpStatusFor(new EnqueueError("SD002", "the backlog is full", {}))).toBe(503);
  expect(httpStatusFor(new EnqueueError("SD003", "the tenant is blocked", {}))).toBe(400);
  expect(() => httpStatusFor(new Error("another"))).toThrow("another");
});
