import { expect, test } from "vitest";
import { EnqueueError } from "./enqueue-error.js";
import { createOutbox } from "./outbox.js";
import { PayloadInvalidError, type PayloadIssue } from "./payload-invalid-error.js";
import type { PayloadSchema, PayloadVerdict } from "./payload-schema.js";

function schemaOf<Payload>(
  validate: (value: unknown) => PayloadVerdict<Payload> | Promise<PayloadVerdict<Payload>>,
): PayloadSchema<Payload, Payload> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

function recordingClient() {
  const sent: unknown[][] = [];
  const query = async (_text: string, values: unknown[]) => {
    sent.push(values);
    return [{ id: "x", seq: "1", duplicate: false }];
  };
  return { sent, query };
}

const trimmed = schemaOf<string>((value) => ({ value: String(value).trim() }));
const later = schemaOf<string>(async (value) => ({ value: `${value} (checked)` }));
const issues: PayloadIssue[] = [
  { message: "expected a number", path: ["items", { key: 0 }, "price"] },
  { message: "two" },
  { message: "three" },
  { message: "four" },
];
const outbox = createOutbox({ topics: { trimmed, later, never: schemaOf<string>(() => ({ issues })) } });

test("what the schema gives back is written", async () => {
  const client = recordingClient();
  await outbox.enqueue(client, { topic: "trimmed", payload: " a " });
  await outbox.enqueue(client, { topic: "later", payload: "b" });
  expect(client.sent.map((values) => values.slice(0, 2))).toEqual([
    ["trimmed", '"a"'],
    ["later", '"b (checked)"'],
  ]);
});

test("a payload that does not fit is refused with every issue, before anything is sent", async () => {
  const client = recordingClient();
  const refused = await outbox.enqueue(client, { topic: "never", payload: "" }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(PayloadInvalidError);
  expect(refused).toBeInstanceOf(EnqueueError);
  expect(refused).toMatchObject({ name: "PayloadInvalidError", code: "SD001", retry: "never", topic: "never", issues });
  expect(String(refused)).toContain(
    'payload does not fit topic "never": items.0.price: expected a number; two; three; and 1 more',
  );
  expect(client.sent).toEqual([]);
});

test("one payload that does not fit refuses its whole batch", async () => {
  const client = recordingClient();
  const batch = outbox.enqueueMany(client, [
    { topic: "trimmed", payload: "a" },
    { topic: "never", payload: "b" },
  ]);
  await expect(batch).rejects.toThrow('events[1]: payload does not fit topic "never"');
  expect(client.sent).toEqual([]);
});

test.each(["orders", "constructor"])("a topic that is not in the map is refused: %s", async (topic) => {
  const refused = outbox.enqueue(recordingClient(), { topic: topic as "trimmed", payload: "" });
  await expect(refused).rejects.toMatchObject({
    code: "SD001",
    hint: expect.stringContaining("trimmed, later, never"),
  });
});
