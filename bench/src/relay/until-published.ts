import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";

const LOOK_MS = 20;

export async function lastSeqs(client: pg.Client): Promise<ReadonlyMap<number, bigint>> {
  const { rows } = await client.query("select shard, max(seq)::text as seq from siding.event group by shard");
  return new Map(rows.map((row) => [row.shard, BigInt(row.seq)]));
}

/** Until Postgres holds every shard's last event as promoted. */
export async function untilPromoted(client: pg.Client, ends: ReadonlyMap<number, bigint>): Promise<void> {
  for (;;) {
    const { rows } = await client.query("select shard, (cursor).position::text as position from siding.shard");
    if (rows.every((row) => BigInt(row.position) >= (ends.get(row.shard) ?? 0n))) return;
    await delay(LOOK_MS);
  }
}

/** How many events Postgres holds as promoted since it began. */
export async function publishedEvents(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select coalesce(sum(events), 0)::float8 as n from siding.published_sum");
  return rows[0].n;
}

/** Answers how many it were once there are so many: promotions come by batches. */
export async function untilPublished(client: pg.Client, events: number): Promise<number> {
  for (;;) {
    const published = await publishedEvents(client);
    if (published >= events) return published;
    await delay(LOOK_MS);
  }
}
