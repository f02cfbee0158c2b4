import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { halts, LEASE_MS, RecoverWorld } from "./recover-world.js";
import { type KafkaServer, openKafka, openPostgres, type PostgresServer } from "./servers.js";

// Servers of its own: their data directories are exchanged.
describe("an older backup of Postgres restored under a running relay", { timeout: 120_000 }, () => {
  let postgres: PostgresServer;
  let kafka: KafkaServer;
  let world: RecoverWorld;
  beforeAll(async () => {
    [postgres, kafka] = await Promise.all([openPostgres("backup"), openKafka("backup")]);
  });
  afterAll(async () => {
    await Promise.all([postgres?.close(), kafka?.close()]);
  });
  afterEach(() => world.close());

  /**
   * 20 events published before the backup, 10 pending in it and published after it, 10 that it does not know, and 5
   * enqueued once it is back, under seqs and xids that were used before.
   */
  async function restoreUnderARelay(name: string): Promise<Date> {
    world = await RecoverWorld.create(postgres, kafka, name);
    await world.enqueue(20);
    await world.publishAll();
    await world.enqueue(10);
    const backup = await postgres.backUp();
    const relay = world.startRelay();
    await world.untilPublished();
    await world.enqueue(10);
    await world.untilPublished();
    await postgres.replace(backup);
    const restoredAt = new Date();
    await world.enqueue(5);
    await halts(relay, /Postgres lost history.*siding recover --shard 0 --verdict scan \(exact\)/);
    expect(Date.now() - restoredAt.getTime()).toBeLessThan(LEASE_MS + 5_000);
    expect(await world.arrived()).toEqual({ once: 30, missing: 5, doubled: 0, foreign: 10 });
    return restoredAt;
  }

  test("without a verdict it shows what happened and what can be typed, and changes nothing", async () => {
    await restoreUnderARelay("surveyed");
    const before = await world.query("select * from siding.shard");
    const shown = await world.recover("--shard", "0");
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/Postgres lost history/);
    expect(shown.stdout).toMatch(/15 events pending/);
    expect(shown.stdout).toMatch(/siding recover --shard 0 --verdict scan --reason TEXT +exact/);
    expect(await world.query("select * from siding.shard")).toEqual(before);
    // What would be a guess is refused, and no relay takes the shard meanwhile.
    for (const verdict of ["adopt", "kafka-has-it"]) {
      const refused = await world.recover("--shard", "0", "--verdict", verdict, "--reason", "x", "--yes");
      expect(refused.code, refused.stderr).toBe(2);
    }
    expect(await world.query("select * from siding.shard")).toEqual(before);
  });

  test("scan publishes exactly what is missing in Kafka", async () => {
    await restoreUnderARelay("scanned");
    const expected = { doubt: "postgres-behind", events: 15, owed: 5, found_in_kafka: 10, may_double: 0, may_lose: 0 };
    expect((await world.tryOut("--shard", "0", "--verdict", "scan")).shards[0]).toMatchObject(expected);
    expect((await world.decide("--shard", "0", "--verdict", "scan")).shards[0]).toMatchObject(expected);
    const statuses = "select status, count(*)::int from siding.events group by status order by status";
    expect(await world.query(statuses)).toEqual([
      { status: "pending", count: 5 },
      { status: "published", count: 30 },
    ]);
    await world.enqueue(3);
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 38, missing: 0, doubled: 0, foreign: 10 });
    const [record] = await world.query("select * from siding.recovery");
    expect(record).toMatchObject({
      shard: 0,
      verdict: "scan",
      reason: "a test took history away",
      actor: expect.stringMatching(/.+@.+/),
      finished_at: expect.any(Date),
      before: expect.objectContaining({ doubt: "postgres-behind" }),
      after: expect.objectContaining({ owed: 5, found_in_kafka: 10 }),
    });
    // The list served its purpose: the next owner of the shard forgets it.
    await world.publishAll();
    expect(await world.query("select * from siding.already_published")).toEqual([]);
  });

  test("kafka-lacks-it loses nothing, and doubles no more than it says", async () => {
    await restoreUnderARelay("republished");
    const [shard] = (await world.decide("--shard", "0", "--verdict", "kafka-lacks-it")).shards;
    expect(shard).toMatchObject({ owed: 15, may_double: 15, may_lose: 0 });
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 25, missing: 0, doubled: 10, foreign: 10 });
  });

  test("kafka-has-it up to a time doubles nothing, and gives up no more than it says", async () => {
    const restoredAt = await restoreUnderARelay("skipped");
    const until = ["--until", restoredAt.toISOString()];
    const [shard] = (await world.decide("--shard", "0", "--verdict", "kafka-has-it", ...until)).shards;
    expect(shard).toMatchObject({ owed: 5, may_double: 0, may_lose: 10 });
    await world.publishAll();
    expect(await world.arrived()).toEqual({ once: 35, missing: 0, doubled: 0, foreign: 10 });
  });
});
