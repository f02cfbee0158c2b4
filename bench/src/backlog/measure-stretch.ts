import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { type CpuUse, startCpuSpan } from "../machine/cpu-span.js";
import { RelayProcess } from "../relay/relay-process.js";
import { publishedEvents, untilPublished } from "../relay/until-published.js";

export interface Stretch {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly cpu: CpuUse;
}

export interface StretchSpec {
  readonly databaseUrl: string;
  readonly deployment: string;
  /** The last event that the relay has consumed when it starts. */
  readonly behindSeq: number;
  readonly events: number;
}

/**
 * A cursor that stands there: where the relay would stand if it had come so far by itself, since the log is never changed.
 * No relay runs meanwhile.
 */
const PLACE = `
update siding.shard
set cursor = row($1::bigint, pg_current_snapshot(), pg_current_xact_id(), null, null, null)::siding.cursor`;

/** A relay starts somewhere in a backlog. The time runs from its first shard taken until so many events are promoted. */
export async function measureStretch(services: RunningServices, spec: StretchSpec): Promise<Stretch> {
  const watcher = new pg.Client({ connectionString: spec.databaseUrl });
  await watcher.connect();
  let relay: RelayProcess | undefined;
  try {
    await watcher.query(PLACE, [spec.behindSeq]);
    const before = await publishedEvents(watcher);
    const { databaseUrl, deployment } = spec;
    relay = new RelayProcess({ databaseUrl, brokers: services.kafkaBrokers, deployment });
    await relay.firstShardTaken;
    const endSpan = startCpuSpan(services, relay.meter);
    const published = (await untilPublished(watcher, before + spec.events)) - before;
    const cpu = endSpan();
    await relay.stop();
    return { seconds: cpu.seconds, eventsPerSecond: published / cpu.seconds, cpu };
  } catch (error) {
    relay?.kill();
    throw error;
  } finally {
    await watcher.end();
  }
}
