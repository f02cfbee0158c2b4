import { migrate } from "@siding/store-postgres/migrate.js";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { halts, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

const TABLES = ["deployment", "shard", "event", "failure", "already_published", "recovery"];
/** What pg_dump carries: every row as text, xids, snapshots and identity columns among it. */
type Dump = ReadonlyMap<string, string>;

// Servers of its own: an old one and a new one behind one port, whose xids have nothing to do with each other.
describe("a dump restored into a new server", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeAll(async () => {
    [postgres, kafka] = await Promise.all([openPostgres("dump"), openKafka("dump")]);
  });
  afterAll(async () => {
    await Promise.all([postgres?.close(), kafka?.close()]);
  });
  afterEach(() => world.close());

  async function dump(): Promise<Dump> {
    const tables = new Map<string, string>();
    for (const table of TABLES) {
      const [row] = await world.query(`select coalesce(json_agg(t), '[]')::text as rows from siding.${table} t`);
      tables.set(table, row!.rows);
    }
    const [row] = await world.query("select last_value::text as value from siding.event_seq_seq");
    return tables.set("sequence", row!.value);
  }

  async function restoreIntoNewServer(name: string, dumped: Dump): Promise<void> {
    await postgres.replace(postgres.newDir());
    const client = new pg.Client({ connectionString: postgres.running.url });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    await migrate({ databaseUrl: world.databaseUrl });
    for (const table of TABLES) {
      await world.query(`delete from siding.${table}`);
      await world.query(
        `insert into siding.${table} overriding system value
         select * from json_populate_recordset(null::siding.${table}, $1::json)`,
        [dumped.get(table)],
      );
    }
    await world.query("select setval('siding.event_seq_seq', $1::bigint)", [dumped.get("sequence")]);
  }

  const burnXids = (count: number): Promise<unknown> =>
    world.query(`do $$ begin for i in 1..${count} loop perform pg_current_xact_id(); commit; end loop; end $$`);

  /** Old world: a late row that its cursor has not consumed below others that it has, and a backlog. */
  async function oldWorld(name: string): Promise<void> {
    world = await RecoverWorld.create(postgres, kafka, name);
    await burnXids(4_000);
    await world.enqueue(20);
    const slow = new pg.Client({ connectionString: world.databaseUrl });
    await slow.connect();
    await slow.query("begin");
    await slow.query("select siding.enqueue($1, '{}') from generate_series(1, 3)", [world.topic]);
    await world.enqueue(10);
    const relay = world.startRelay();
    await world.untilPublished();
    expect((await relay.stop()).code).toBe(0);
    await slow.query("commit");
    await slow.end();
    await world.enqueue(5);
  }

  test("adopt rebases the cursors exactly, and no old xid is ever met again", async () => {
    await oldWorld("carried");
    const dumped = await dump();
    await restoreIntoNewServer("carried", dumped);
    await world.enqueue(5);
    const relay = world.startRelay();
    await halts(relay, /system identifier was \d+ and is \d+.*siding recover --all/);
    const { shards } = await world.decide("--all", "--verdict", "adopt");
    expect(shards[0]).toMatchObject({ doubt: "none", owed: 13 });
    const running = world.startRelay();
    await world.untilPublished();
    // The new server comes past every xid of the old one while the relay publishes beside it.
    for (let round = 0; round < 6; round++) {
      await burnXids(1_000);
      await world.enqueue(2);
    }
    await world.untilPublished();
    expect((await running.stop()).code).toBe(0);
    expect(await world.arrived()).toEqual({ once: 55, missing: 0, doubled: 0, foreign: 0 });
  });

  test("a dump that is older than what was published: scan is exact", async () => {
    await oldWorld("aged");
    const dumped = await dump();
    const publishedAfter = world.startRelay();
    await world.untilPublished();
    await world.enqueue(4);
    await world.untilPublished();
    await publishedAfter.stop();
    await restoreIntoNewServer("aged", dumped);
    await world.enqueue(6);
    const relay = world.startRelay();
    await halts(relay, /system identifier/);
    const adopted = await world.recover("--all", "--verdict", "adopt", "--reason", "x", "--yes");
    expect(adopted.code).toBe(2);
    const { shards } = await world.decide("--all", "--verdict", "scan");
    expect(shards[0]).toMatchObject({ doubt: "postgres-behind", found_in_kafka: 8, owed: 6 });
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 44, missing: 0, doubled: 0, foreign: 4 });
  });
});
