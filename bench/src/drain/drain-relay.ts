import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import { fillBacklog } from "../events/fill-backlog.js";
import type { SampleShape } from "../events/sample-event.js";
import { startCpuSpan } from "../machine/cpu-span.js";
import { RelayProcess } from "../relay/relay-process.js";
import { lastSeqs, untilPromoted } from "../relay/until-published.js";
import { type DrainRound, drainRound } from "./drain-round.js";

export interface DrainSpec extends SampleShape {
  readonly events: number;
  readonly partitions: number;
  readonly profileDir?: string | undefined;
}

/**
 * A relay empties a backlog. The time runs from its first "shard taken", when it is connected and has read nothing, to
 * the moment when Postgres holds every shard's last event as promoted: reading, planning, publishing, Kafka's verdict
 * and the word of it back in Postgres are all inside, and so is what the other shards still need to start.
 */
export async function drainRelay(services: RunningServices, spec: DrainSpec, deployment: string): Promise<DrainRound> {
  const database = await createDatabase(services.databaseUrl);
  const topic = await createTopic(services.kafkaBrokers, spec.partitions);
  const watcher = new pg.Client({ connectionString: database.url });
  await watcher.connect();
  let relay: RelayProcess | undefined;
  try {
    await fillBacklog({ ...spec, databaseUrl: database.url, topic: topic.name });
    const ends = await lastSeqs(watcher);
    relay = new RelayProcess({
      ...{ databaseUrl: database.url, brokers: services.kafkaBrokers, deployment, untilEmpty: true },
      profileDir: spec.profileDir,
    });
    await relay.firstShardTaken;
    const endSpan = startCpuSpan(services, relay.meter);
    await Promise.race([untilPromoted(watcher, ends), relay.ended().then(() => untilPromoted(watcher, ends))]);
    const cpu = endSpan();
    await relay.ended();
    await mustBePublished(watcher, spec.events);
    return drainRound(spec.events, cpu, relay.meter.stop());
  } catch (error) {
    relay?.kill();
    throw error;
  } finally {
    await watcher.end();
    await database.drop();
    await topic.drop();
  }
}

/** A figure is worth nothing where work was left out. */
async function mustBePublished(client: pg.Client, events: number): Promise<void> {
  const { rows } = await client.query("select count(*)::int as n from siding.events where status = 'published'");
  if (rows[0].n !== events) throw new Error(`${rows[0].n} events of ${events} are published`);
}
