import pg from "pg";
import type { Source, StreamOptions } from "./stream-options.js";

const CONNECTIONS = 20;
const ENQUEUE = {
  name: "enqueue",
  text: "select siding.enqueue(topic => $1, payload => $2, tenant_id => $3, event_id => $4)",
};

/** Each event in a transaction of its own. */
export async function openEnqueueSource({ databaseUrl, topic }: StreamOptions): Promise<Source> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  // Connected and warm before the first event counts.
  await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.query("select pg_sleep(0.05)")));
  const enqueue: (...args: Parameters<Source["offer"]>) => Promise<void> = async (event, onSend) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query({ ...ENQUEUE, values: [topic, event.payload, event.tenantId, event.eventId] });
      onSend();
      await client.query("commit");
    } finally {
      client.release();
    }
  };
  return { offer: (event, onSend) => void enqueue(event, onSend) };
}
