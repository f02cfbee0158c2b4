import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

describe("least privilege", () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase(inject("databaseUrl"));
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  async function as(role: string, sql: string): Promise<unknown> {
    await client.query(`set role ${role}`);
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.query("reset role");
    }
  }
  const denied = { code: "42501" };

  test("an emitter enqueues, and that is all", async () => {
    await expect(as("siding_emitter", `select * from siding.enqueue('t', '{}')`)).resolves.toHaveLength(1);
    await expect(
      as("siding_emitter", `select * from siding.enqueue_many('[{"topic":"t","payload":1}]')`),
    ).resolves.toHaveLength(1);
    await expect(as("siding_emitter", `select * from siding.enqueue_bytes('t', '\\x00', 'x/y')`)).resolves.toHaveLength(
      1,
    );
    for (const sql of [
      "select * from siding.event",
      "select * from siding.events",
      "insert into siding.event default values",
      "delete from siding.event",
      "update siding.shard set epoch = epoch + 1",
      "select siding.append_event('', 't', '{}', null, 'x', 't', null, null, null, null)",
    ]) {
      await expect(as("siding_emitter", sql), sql).rejects.toMatchObject(denied);
    }
  });

  test("nobody but the owner writes xid and seq", async () => {
    const row = "1, 1, gen_random_uuid(), 't', 'd', 'o', '{}'";
    for (const role of ["siding_emitter", "siding_relay", "siding_admin"]) {
      const sql = `insert into siding.event (xid, shard, bytes, event_id, tenant_id, dedupe_key, topic, payload) values ('5', ${row})`;
      await expect(as(role, sql), role).rejects.toMatchObject(denied);
    }
    // Even the owner's seq comes from the sequence.
    const sql = `insert into siding.event (seq, shard, bytes, event_id, tenant_id, dedupe_key, topic, payload) values (5, ${row})`;
    await expect(as("siding_owner", sql)).rejects.toMatchObject({ code: "428C9" });
  });

  test("a relay neither enqueues nor changes an event", async () => {
    await expect(as("siding_relay", `select siding.enqueue('t', '{}')`)).rejects.toMatchObject(denied);
    await expect(as("siding_relay", "update siding.event set topic = 'x'")).rejects.toMatchObject(denied);
    await expect(as("siding_relay", "update siding.deployment set shards = 9")).rejects.toMatchObject(denied);
  });

  test("an administrator reads", async () => {
    await expect(as("siding_admin", "select * from siding.events")).resolves.toBeInstanceOf(Array);
    await expect(as("siding_admin", "select * from siding.backlog")).resolves.toBeInstanceOf(Array);
    await expect(as("siding_admin", "delete from siding.event")).rejects.toMatchObject(denied);
  });

  test("xid is drawn before seq: its column comes first", async () => {
    const rows = await database.query(
      `select attname from pg_attribute where attrelid = 'siding.event'::regclass and attnum in (1, 2) order by attnum`,
    );
    expect(rows.map((row) => row.attname)).toEqual(["xid", "seq"]);
    const [sequence] = await database.query(
      "select seqcache::int as cache from pg_sequence where seqrelid = pg_get_serial_sequence('siding.event', 'seq')::regclass",
    );
    expect(sequence!.cache).toBe(1);
  });
});
