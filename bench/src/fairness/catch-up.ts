import { setTimeout as delay } from "node:timers/promises";
import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import { fillBacklog } from "../events/fill-backlog.js";
import { RelayProcess } from "../relay/relay-process.js";
import type { FairnessSpec } from "./quiet-tenants.js";

const LOOK_MS = 100;
/** One event of each quiet tenant at the start of the backlog, and one behind its end. */
const QUIET =
  "insert into quiet select (siding.enqueue($1, '{}', 'quiet-' || n)).event_id from generate_series(1, $2::int) n";
/** Event by event: asked of all at once, Postgres would look through the log, and be busy with that instead. */
const QUIET_PENDING =
  "select from quiet q cross join lateral (select e.status from siding.events e where e.event_id = q.event_id offset 0) e" +
  " where e.status = 'pending' limit 1";

/** A relay comes back to a backlog of one tenant with events of quiet ones before and behind it. */
export async function catchUp(
  services: RunningServices,
  spec: FairnessSpec & { readonly backlog: number },
): Promise<{ readonly quietSeconds: number; readonly allSeconds: number }> {
  const database = await createDatabase(services.databaseUrl);
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  let relay: RelayProcess | undefined;
  try {
    await client.query("create temporary table quiet (event_id uuid)");
    await client.query(QUIET, [topic.name, spec.tenants]);
    const { payloadBytes, backlog: events } = spec;
    await fillBacklog({ databaseUrl: database.url, topic: topic.name, tenants: 1, payloadBytes, events });
    await client.query(QUIET, [topic.name, spec.tenants]);
    const deployment = `catch-up-${Date.now().toString(36)}`;
    relay = new RelayProcess({ databaseUrl: database.url, brokers: services.kafkaBrokers, deployment });
    await relay.firstShardTaken;
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1_000;
    await untilNone(client, QUIET_PENDING);
    const quietSeconds = seconds();
    await untilNone(
      client,
      "select from siding.shard s where exists (select from siding.event e where e.shard = s.shard and e.seq > (s.cursor).position)" +
        " or exists (select from siding.lanes l where l.shard = s.shard) limit 1",
    );
    const allSeconds = seconds();
    await relay.stop();
    return { quietSeconds, allSeconds };
  } catch (error) {
    relay?.kill();
    throw error;
  } finally {
    await client.end();
    await database.drop();
    await topic.drop();
  }
}

async function untilNone(client: pg.Client, sql: string): Promise<void> {
  while (((await client.query(sql)).rowCount ?? 0) > 0) await delay(LOOK_MS);
}
