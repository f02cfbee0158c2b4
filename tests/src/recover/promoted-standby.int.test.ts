import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres } from "@siding/embedded/start-postgres.js";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { halts, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

// Servers of its own: one of them is promoted in the other's place.
describe("a standby promoted under a running relay", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeAll(async () => {
    [postgres, kafka] = await Promise.all([openPostgres("standby"), openKafka("standby")]);
  });
  afterAll(async () => {
    await Promise.all([postgres?.close(), kafka?.close()]);
  });
  afterEach(() => world.close());

  /** A standby that has all that the primary had when asked, and nothing that came later; promoted, and stopped. */
  async function promotedCopy(act: () => Promise<void>): Promise<string> {
    const dataDir = await postgres.backUp();
    await writeFile(join(dataDir, "pgdata", "standby.signal"), "");
    const settings = { primary_conninfo: postgres.running.url, hot_standby: true, max_connections: 60 };
    const standby = await startPostgres({ dataDir, settings });
    await act();
    await caughtUp(standby.url);
    // Cut off: from here on it lags.
    await standby.stop();
    const alone = await startPostgres({ dataDir, settings: { ...settings, primary_conninfo: "" } });
    await query(alone.url, "select pg_promote(true)");
    await query(alone.url, "checkpoint");
    await alone.stop();
    return dataDir;
  }

  async function caughtUp(standbyUrl: string): Promise<void> {
    const [{ lsn }] = (await query(postgres.running.url, "select pg_current_wal_lsn() as lsn")) as [{ lsn: string }];
    for (;;) {
      const [row] = await query(standbyUrl, "select pg_last_wal_replay_lsn() >= $1::pg_lsn as there", [lsn]);
      if (row!.there) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test("that has everything: halts by the pinned timeline, and adopt goes on exactly", async () => {
    world = await RecoverWorld.create(postgres, kafka, "lossless", { shards: 3 });
    await world.enqueue(20);
    const relay = world.startRelay();
    await relay.logged(/shard \d taken/); // one that cannot reach Postgres at its start ends
    const standby = await promotedCopy(() => world.untilPublished());
    await postgres.replace(standby);
    await world.enqueue(5);
    await halts(relay, /timeline was 1 and is 2.*siding recover --all/);
    const one = await world.recover("--shard", "0", "--verdict", "adopt", "--reason", "x", "--yes");
    expect(one).toMatchObject({ code: 2, stderr: expect.stringMatching(/give --all/) });
    expect((await world.decide("--all", "--verdict", "adopt")).shards).toHaveLength(3);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 0, foreign: 0 });
  });

  test("that lagged: adopt is refused, scan goes on exactly", async () => {
    world = await RecoverWorld.create(postgres, kafka, "lagged", { shards: 3 });
    await world.enqueue(20);
    await world.publishAll();
    // Committed and replicated, not published yet; then published, which the standby does not hear of any more.
    const standby = await promotedCopy(() => world.enqueue(10));
    const relay = world.startRelay();
    await world.enqueue(15);
    await world.untilPublished();
    await postgres.replace(standby);
    await world.enqueue(5);
    await halts(relay, /timeline was \d and is \d \(a standby was promoted/);
    const adopted = await world.recover("--all", "--verdict", "adopt", "--reason", "x", "--yes");
    expect(adopted).toMatchObject({ code: 2, stderr: expect.stringMatching(/events are in doubt/) });
    const { shards } = await world.decide("--all", "--verdict", "scan");
    expect(shards.reduce((sum, shard) => sum + shard.found_in_kafka, 0)).toBe(10);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 35, missing: 0, doubled: 0, foreign: 15 });
  });
});

async function query(url: string, text: string, values: unknown[] = []): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
