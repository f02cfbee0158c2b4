import { createOutbox, type Enqueued, type SqlClient } from "@siding/enqueue";
import { z } from "zod";

const outbox = createOutbox({
  topics: {
    "orders.created": z.object({ id: z.string(), lines: z.array(z.object({ price: z.number().positive() })) }),
    "orders.cancelled": z.object({ id: z.string(), reason: z.string().default("none given") }),
  },
});

export async function cancelOrder(tx: SqlClient, tenantId: string, id: string): Promise<Enqueued> {
  return outbox.enqueue(tx, { topic: "orders.cancelled", payload: { id }, tenantId, dedupeKey: `cancel-${id}` });
}
