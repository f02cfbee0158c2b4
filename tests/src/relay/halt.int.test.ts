import { migrate } from "@siding/store-postgres/migrate.js";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

let run = 0;

describe("a shard whose two histories do not fit", () => {
  const brokers = inject("kafkaBrokers");
  let database: TestDatabase;
  let name: string;
  let relays: SidingProcess[];
  beforeEach(async () => {
    run += 1;
    name = `halt-${process.pid}-${run}`;
    relays = [];
    database = await createTestDatabase(inject("databaseUrl"), { migrated: false });
    await migrate({ databaseUrl: database.url, shards: 2 });
    await createTopic(brokers, name, 1);
    // Both shards' first number goes to Kafka.
    expect((await relay("--until-empty").ended).code).toBe(0);
  });
  afterEach(async () => {
    for (const each of relays) each.kill("SIGKILL");
    await Promise.all(relays.map((each) => each.ended));
    await database.drop();
  });

  function relay(...args: string[]): SidingProcess {
    const settings = { SIDING_DEPLOYMENT: name, SIDING_LEASE_MS: "1000" };
    const started = SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers: brokers, settings }, ...args);
    relays.push(started);
    return started;
  }
  /** As if Kafka had been restored from a copy of long ago. */
  const loseHistory = (...shards: number[]): Promise<unknown> =>
    database.query("update siding.shard set promoted_batch = 70, last_batch = 70 where shard = any ($1)", [shards]);
  const enqueueEverywhere = (): Promise<unknown> =>
    database.query("select siding.enqueue($1, '1', 'tenant-' || n) from generate_series(1, 20) n", [name]);
  const pendingByShard = async (): Promise<Record<string, number>> => {
    const rows = await database.query(
      "select shard, count(*) filter (where status = 'pending')::int as pending from siding.events group by shard",
    );
    return Object.fromEntries(rows.map((row) => [row.shard, row.pending]));
  };
  const shard1 = async () => (await database.query("select * from siding.shard where shard = 1"))[0]!;

  async function get(path: string, from: SidingProcess): Promise<{ status: number; text: string }> {
    const [, address] = /health and metrics on (http:\S+?)"/.exec(from.log)!;
    const response = await fetch(`${address}${path}`);
    return { status: response.status, text: await response.text() };
  }

  test("is halted and said so everywhere, is not claimed again, and the others go on; the relay ends with 4", async () => {
    await loseHistory(1);
    const running = relay();
    await running.logged(/shard 1 halted: .*Kafka holds batch 0, Postgres promoted batch 70 and no plan is open/);
    await enqueueEverywhere();
    await expect.poll(pendingByShard, { timeout: 20_000 }).toMatchObject({ 0: 0 });
    expect((await pendingByShard())[1]).toBeGreaterThan(0);

    expect(await shard1()).toMatchObject({
      owner: null,
      halted_reason: expect.stringContaining("Kafka holds batch 0"),
    });
    expect((await get("/metrics", running)).text).toMatch(/^outbox_halted 1$/m);
    const ready = await get("/readyz", running);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.text).shards).toContainEqual(
      expect.objectContaining({ shard: 1, state: "halted", detail: expect.stringContaining("Kafka holds batch 0") }),
    );

    // Neither this relay nor one that joins takes it: its epoch stands still while leases are beaten several times.
    const { epoch } = await shard1();
    const second = relay();
    await second.logged(/shard 1 halted/);
    const beaten = async (): Promise<number> =>
      (await database.query("select from siding.relay where seen_at - started_at > interval '1.5 s'")).length;
    await expect.poll(beaten, { timeout: 15_000 }).toBe(2);
    expect((await shard1()).epoch).toBe(epoch);

    const ended = await running.stop();
    expect(ended.code).toBe(4);
    expect(ended.stderr.trim().split("\n").at(-1)).toMatch(/^siding: shard 1: Kafka holds batch 0.*siding recover/);
    const other = await second.stop();
    expect(other.code).toBe(4);
    expect(other.stderr.trim().split("\n").at(-1)).toMatch(/^siding: shard 1: Kafka holds batch 0.*siding recover/);
  });

  test("is taken up again by a relay that runs, once an operator has settled it", async () => {
    await loseHistory(1);
    const running = relay();
    await running.logged(/shard 1 halted/);
    await enqueueEverywhere();
    const word = ["--verdict", "scan", "--since", "1h", "--reason", "restored by a test", "--yes"];
    const recovered = await new SidingProcess(["recover", "--shard", "1", ...word], {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: brokers,
      SIDING_DEPLOYMENT: name,
    }).ended;
    expect(recovered, recovered.stderr).toMatchObject({ code: 0 });
    await running.logged(/shard 1 is halted no more/);
    await expect.poll(pendingByShard, { timeout: 20_000 }).toEqual({ 0: 0, 1: 0 });
    expect((await get("/metrics", running)).text).toMatch(/^outbox_halted 0$/m);
    expect((await running.stop()).code).toBe(0);
  });

  test("with --until-empty the rest is published, then the relay ends with 4, and so does the next one", async () => {
    await loseHistory(1);
    await enqueueEverywhere();
    expect((await relay("--until-empty").ended).code).toBe(4);
    expect((await pendingByShard())[0]).toBe(0);
    const again = await relay("--until-empty").ended;
    expect(again.code).toBe(4);
    expect((await pendingByShard())[1]).toBeGreaterThan(0);
  });

  test("ends the relay with 4 at once where no shard is left", async () => {
    await loseHistory(0, 1);
    expect((await relay().ended).code).toBe(4);
    expect((await relay().ended).code).toBe(4);
  });
});
