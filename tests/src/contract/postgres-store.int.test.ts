import { startPostgres } from "@siding/embedded/start-postgres.js";
import { Connections } from "@siding/store-postgres/connection.js";
import { withJobDesk } from "@siding/store-postgres/job-desk.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { PostgresStore } from "@siding/store-postgres/postgres-store.js";
import { storeContract } from "@siding/testkit/store-contract/store-contract.js";
import {
  type EventDraft,
  type OpenTransaction,
  SHARDS,
  type StoreUnderTest,
} from "@siding/testkit/store-contract/store-under-test.js";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { createTestDatabase } from "../test-database.js";

// A server of its own: these tests hold transactions open, which show in the snapshots of every database of a server.
let server: Awaited<ReturnType<typeof startPostgres>>;
beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: false } });
});
afterAll(() => server?.stop());

storeContract("PostgresStore", async (): Promise<StoreUnderTest> => {
  const database = await createTestDatabase(server.url, { migrated: false });
  await migrate({ databaseUrl: database.url, shards: SHARDS });
  const shards = await database.query<{ tenants: string[] }>(
    `select array_agg('tenant-' || n) as tenants
    from generate_series(1, 50) n, siding.shard_of('tenant-' || n, $1::smallint) as shard
    group by shard
    order by shard`,
    [SHARDS],
  );
  const store = new PostgresStore(new Connections(database.url, 3));
  return {
    store,
    begin: () => begin(database.url, (shard, tenant) => shards[shard]!.tenants[tenant]!),
    passTime: async (ms) => {
      const past = [`${ms} milliseconds`];
      await database.query(
        "update siding.shard set lease_until = lease_until - $1::interval, progress_at = progress_at - $1::interval",
        past,
      );
      await database.query("update siding.relay set alive_until = alive_until - $1::interval", past);
      await database.query("update siding.failure set retry_at = retry_at - $1::interval", past);
    },
    makeJob: async (kind) => {
      const filter = kind === "replay" ? { since: "2020-01-01T00:00:00Z" } : {};
      const author = { actor: "test", role: "database" as const, reason: "test" };
      await withJobDesk(database.url, (desk) => desk.create({ kind, filter, eventsPerSecond: null, author }));
    },
    endHalt: async (shard) => {
      await database.query("update siding.shard set halted_reason = null where shard = $1", [shard]);
    },
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
});

async function begin(url: string, tenantOf: (shard: number, tenant: number) => string): Promise<OpenTransaction> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // the database may be dropped under a transaction that a failed test left open
  await client.connect();
  await client.query("begin");
  const end = async (how: "commit" | "rollback"): Promise<void> => {
    await client.query(how);
    await client.end();
  };
  return {
    enqueue: async ({ shard, tenant = 0, payload = "{}", topic = "t", key, headers = {} }: EventDraft) => {
      const { rows } = await client.query<{ seq: string }>("select seq from siding.enqueue($5, $1, $2, null, $3, $4)", [
        payload,
        tenantOf(shard, tenant),
        key ?? null,
        headers,
        topic,
      ]);
      return BigInt(rows[0]!.seq);
    },
    commit: () => end("commit"),
    rollback: () => end("rollback"),
  };
}
