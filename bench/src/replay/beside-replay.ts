import { setTimeout as delay } from "node:timers/promises";
import type { RunningServices } from "@siding/embedded/start-services.js";
import pg from "pg";
import { createDatabase } from "../events/bench-database.js";
import { createTopic } from "../events/bench-topic.js";
import { type LatencyTurn, stream } from "../latency/measure-stream.js";
import { RelayProcess } from "../relay/relay-process.js";
import { runSiding } from "../relay/siding-command.js";

export interface ReplaySpec {
  /** Published events of the tenant that is replayed. */
  readonly events: number;
  /** Other tenants, and what they send together. */
  readonly tenants: number;
  readonly perSecond: number;
  readonly payloadBytes: number;
  readonly partitions: number;
  readonly warmUpSeconds: number;
  /** A turn before all others, for the broker's compiler. */
  readonly brokerWarmUpSeconds: number;
  readonly seconds: number;
}

export interface ReplayTurn extends LatencyTurn {
  /** While the stream ran. */
  readonly replayedPerSecond: number;
}

const TENANT = "replayed";
const CHUNK_EVENTS = 5_000;
const LOOK_MS = 100;
const PUBLISHED = `
select from siding.shard s
where exists (select from siding.event e where e.shard = s.shard and e.seq > (s.cursor).position)
  or exists (select from siding.lanes l where l.shard = s.shard)
limit 1`;
const ENQUEUE = `
select count(siding.enqueue($1, jsonb_build_object('n', n, 'note', repeat('note ', $2::int / 5)), $3, key => 'k-' || n % 1000))
from generate_series($4::int, $5::int) n`;

/** The latency of tenants while another one's published events lie in the log, and are replayed all the time or not. */
export async function besideReplay(
  services: RunningServices,
  spec: ReplaySpec,
  isReplayed: boolean,
  run: string,
): Promise<ReplayTurn> {
  const brokers = services.kafkaBrokers;
  const database = await createDatabase(services.databaseUrl);
  const topic = await createTopic(brokers, spec.partitions);
  // Of its own: the consumer that takes the time should not be busy with what is replayed.
  const replayTopic = await createTopic(brokers, spec.partitions);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const relay = new RelayProcess({ databaseUrl: database.url, brokers, deployment: `replay-${run}` });
  try {
    await relay.allShardsTaken;
    for (let from = 1; from <= spec.events; from += CHUNK_EVENTS) {
      const to = Math.min(spec.events, from + CHUNK_EVENTS - 1);
      await client.query(ENQUEUE, [replayTopic.name, spec.payloadBytes, TENANT, from, to]);
    }
    while (((await client.query(PUBLISHED)).rowCount ?? 0) > 0) await delay(LOOK_MS);
    const replays = isReplayed ? keepReplaying(database.url, client) : null;
    const began = performance.now();
    const turn = await stream(services, relay, {
      ...{ ...spec, brokers, databaseUrl: database.url, topic: topic.name, firstEvent: 0, raw: null },
    });
    const seconds = (performance.now() - began) / 1_000;
    const replayed = (await replays?.end()) ?? 0;
    await relay.stop();
    return { ...turn, replayedPerSecond: replayed / seconds };
  } catch (error) {
    relay.kill();
    throw error;
  } finally {
    await client.end();
    await database.drop();
    await topic.drop();
    await replayTopic.drop();
  }
}

/** Begins a replay of all that the tenant has whenever none runs, so that none of the stream goes without one. */
function keepReplaying(databaseUrl: string, client: pg.Client): { end(): Promise<number> } {
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const { rowCount } = await client.query("select from siding.jobs where state = 'running' limit 1");
      if ((rowCount ?? 0) === 0) {
        await runSiding(["events", "replay", "--tenant", TENANT, "--reason", "bench", "--yes"], {
          DATABASE_URL: databaseUrl,
        });
      }
      await delay(LOOK_MS);
    }
    return Number((await client.query("select coalesce(sum(replayed), 0) as n from siding.jobs")).rows[0].n);
  })();
  loop.catch(() => {}); // said by end()
  return {
    end: () => {
      isOver = true;
      return loop;
    },
  };
}
