import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { CommittedReader } from "../delivery/committed-reader.js";
import { SidingProcess } from "../relay-process.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";
import { createTopic } from "../topics.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase(inject("databaseUrl"));
});
afterAll(() => database.drop());

test("a lease that a relay holds without knowing, as after a claim whose answer was lost, keeps no shard from being served", async () => {
  const kafkaBrokers = inject("kafkaBrokers");
  await createTopic(kafkaBrokers, "leased", 1);
  // Every shard gets an event: a tenant's shard is drawn from its name.
  for (let n = 0; n < 40; n++) await database.query(`select siding.enqueue('leased', '${n}', 'tenant-${n}')`);
  const shards = await database.query<{ shard: number }>("select distinct shard from siding.event order by shard");
  expect(shards.map((row) => row.shard)).toEqual([0, 1, 2, 3]);
  await database.query(
    "update siding.shard set owner = gen_random_uuid(), lease_until = now() + interval '1 hour' where shard = 0",
  );
  const settings = { SIDING_DEPLOYMENT: "leases", SIDING_LEASE_MS: "1000" };
  const relay = SidingProcess.relay({ databaseUrl: database.url, kafkaBrokers, settings });
  for (const shard of [1, 2, 3]) await relay.logged(new RegExp(`shard ${shard} taken`));

  // What its claim would have done.
  await database.query(
    `update siding.shard set owner = (select relay_id from siding.relay), epoch = epoch + 1,
       lease_until = clock_timestamp() + interval '1 s' where shard = 0`,
  );
  const reader = await CommittedReader.open(kafkaBrokers, "leased", 1);
  const records = await reader.until(40, { graceMs: 200, stallMs: 10_000 });
  await reader.close();
  expect(new Set(records.map((record) => record.value)).size).toBe(40);
  expect((await relay.stop()).code).toBe(0);
});
