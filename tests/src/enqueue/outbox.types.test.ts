import { createOutbox, type SqlClient, type TopicEvent } from "@siding/enqueue";
import { type } from "arktype";
import * as v from "valibot";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

// Checked by the compiler (`npm run check`): running this file proves nothing.

const topics = {
  "with.zod": z.object({
    id: z.number(),
    at: z.string().transform((text) => new Date(text)),
    note: z.string().default(""),
  }),
  "with.valibot": v.object({ id: v.number() }),
  "with.arktype": type({ id: "number" }),
  "as.bytes": z.instanceof(Uint8Array),
};
const outbox = createOutbox({ topics });
type Topics = typeof topics;

test("a payload has its schema's input type", () => {
  expectTypeOf<TopicEvent<Topics, "with.zod">["payload"]>().toEqualTypeOf<{
    id: number;
    at: string;
    note?: string | undefined;
  }>();
  expectTypeOf<TopicEvent<Topics, "with.valibot">["payload"]>().toEqualTypeOf<{ id: number }>();
  expectTypeOf<TopicEvent<Topics, "with.arktype">["payload"]>().toEqualTypeOf<{ id: number }>();
});

test("bytes need a content type, and JSON has none", () => {
  expectTypeOf<TopicEvent<Topics, "as.bytes">["contentType"]>().toEqualTypeOf<string>();
  expectTypeOf<TopicEvent<Topics, "with.zod">["contentType"]>().toEqualTypeOf<undefined>();
});

test("topic and payload are checked together", () => {
  const check = async (tx: SqlClient) => {
    await outbox.enqueue(tx, { topic: "with.zod", payload: { id: 1, at: "2020-01-01" }, tenantId: "north" });
    await outbox.enqueue(tx, { topic: "as.bytes", payload: new Uint8Array(1), contentType: "x/y" });
    await outbox.enqueueMany(tx, [
      { topic: "with.valibot", payload: { id: 1 } },
      { topic: "with.arktype", payload: { id: 2 }, dedupeKey: "two" },
    ]);
    // @ts-expect-error a topic that is not in the map
    await outbox.enqueue(tx, { topic: "with.zodd", payload: { id: 1 } });
    // @ts-expect-error a payload of another type
    await outbox.enqueue(tx, { topic: "with.valibot", payload: { id: "1" } });
    // @ts-expect-error bytes without their content type
    await outbox.enqueue(tx, { topic: "as.bytes", payload: new Uint8Array(1) });
    // @ts-expect-error bytes do not go in a batch
    await outbox.enqueueMany(tx, [{ topic: "as.bytes", payload: new Uint8Array(1), contentType: "x/y" }]);
    // @ts-expect-error a payload of another topic
    await outbox.enqueueMany(tx, [{ topic: "with.zod", payload: { id: 1 } }]);
  };
  expectTypeOf(check).toBeFunction();
});
