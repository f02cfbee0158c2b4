import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import { fillBacklog } from "../events/fill-backlog.js";
import { type CpuUse, startCpuSpan } from "../machine/cpu-span.js";
import { RelayProcess } from "../relay/relay-process.js";
import { lastSeqs, publishedEvents, untilPromoted } from "../relay/until-published.js";
import { holdTenants, untilLanes } from "./hold-tenants.js";

export interface LanesSpec {
  readonly events: number;
  readonly payloadBytes: number;
  readonly partitions: number;
  readonly profileDir?: string | undefined;
}

export interface BatchesTurn {
  readonly lanes: number;
  readonly published: number;
  readonly batches: number;
  readonly seconds: number;
  /** Of 5,000 events that are published, which is what a batch holds at most. */
  readonly msABatch: number;
  readonly cpu: CpuUse;
}

/** SIDING_BATCH_EVENTS' default. */
const BATCH_EVENTS = 5_000;

/**
 * One shard drains a backlog of so many tenants, of which some sit in lanes. The time runs from the shard taken until
 * Postgres holds the main line's last event as promoted; what waits in lanes then is not counted.
 */
export async function measureBatches(
  services: RunningServices,
  spec: LanesSpec,
  { tenants, held }: { readonly tenants: number; readonly held: number },
  run: string,
): Promise<BatchesTurn> {
  const database = await createDatabase(services.databaseUrl, 1);
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const watcher = new pg.Client({ connectionString: database.url });
  await watcher.connect();
  let relay: RelayProcess | undefined;
  const place = { databaseUrl: database.url, brokers: services.kafkaBrokers, deployment: `lanes-${run}` };
  try {
    await holdTenants(database.url, topic.name, held);
    relay = new RelayProcess(place);
    await relay.firstShardTaken;
    await untilLanes(watcher, held);
    await relay.stop();
    const { events, payloadBytes } = spec;
    await fillBacklog({ databaseUrl: database.url, topic: topic.name, events, payloadBytes, tenants });
    const ends = await lastSeqs(watcher);
    const before = { published: await publishedEvents(watcher), batch: await lastBatch(watcher) };
    relay = new RelayProcess({ ...place, profileDir: spec.profileDir });
    await relay.firstShardTaken;
    const endSpan = startCpuSpan(services, relay.meter);
    await untilPromoted(watcher, ends);
    const cpu = endSpan();
    const published = (await publishedEvents(watcher)) - before.published;
    const batches = (await lastBatch(watcher)) - before.batch;
    const { rows } = await watcher.query("select count(*)::int as lanes from siding.lanes");
    await relay.stop();
    const { seconds } = cpu;
    const msABatch = (seconds * 1_000 * BATCH_EVENTS) / published;
    return { lanes: rows[0].lanes, published, batches, seconds, msABatch, cpu };
  } catch (error) {
    relay?.kill();
    throw error;
  } finally {
    await watcher.end();
    await database.drop();
    await topic.drop();
  }
}

async function lastBatch(client: pg.Client): Promise<number> {
  const { rows } = await client.query("select last_batch::int as batch from siding.shard");
  return rows[0].batch;
}
