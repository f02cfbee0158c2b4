import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTopic } from "../topics.js";
import { VerifyWorld } from "./verify-world.js";

let run = 0;

describe("siding verify", () => {
  let world: VerifyWorld;
  beforeEach(async () => {
    run += 1;
    world = await VerifyWorld.create(
      inject("databaseUrl"),
      inject("kafkaBrokers"),
      `verify-${process.pid}-${process.env.VITEST_POOL_ID}-${run}`,
    );
  });
  afterEach(() => world.close());

  test("proves what is complete: log, record and Kafka agree by shard, topic and partition", async () => {
    await world.enqueue(300);
    await world.publishAll();
    const found = await world.finds(0);
    expect(found).toMatchObject({ complete: true, events: 300, scanned_records: 300, other_records: 0, named: [] });
    expect(found.sums).toHaveLength(2);
    expect(found.sums.every(({ agrees }) => agrees)).toBe(true);
    for (const kind of ["recorded", "log", "kafka"] as const) {
      expect(
        found.sums.reduce((sum, each) => sum + each[kind].events, 0),
        kind,
      ).toBe(300);
    }
    expect(found.sums.flatMap(({ partitions }) => partitions).reduce((sum, { events }) => sum + events, 0)).toBe(300);
    const table = await world.verify();
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^complete: 300 published events, each of them in Kafka/);
  });

  test("of an outbox in which nothing was ever published says that it is complete", async () => {
    expect(await world.finds(0)).toMatchObject({ events: 0, sums: [] });
  });

  test("what is pending or dead is not asked for", async () => {
    await world.enqueue(20);
    await world.publishAll();
    await world.enqueue(20);
    await world.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
      select shard, min(seq), 5, 'x', 'x', now(), 0, now() from siding.event group by shard`,
    );
    expect(await world.finds(1)).toMatchObject({ events: 18, faults: { unpublished: 2, missing: 0 } });
  });

  test("an event that somebody wrote again is doubled, and named with both places", async () => {
    await world.enqueue(50);
    await world.publishAll();
    const [first, second] = await world.eventIds();
    await world.writeFromOutside({ topic: world.topic, eventId: first! }, { topic: world.topic, eventId: second! });
    const found = await world.finds(1);
    expect(found.faults).toEqual({ missing: 0, doubled: 2, misplaced: 0, unpublished: 0, foreign: 0 });
    expect(found.named.map(({ event_id }) => event_id).sort()).toEqual([first, second].sort());
    expect(found.named[0]!.places).toHaveLength(2);
    expect(found.named[0]!.tenant_id).toMatch(/^tenant-/);
    const table = await world.verify();
    expect(table.code).toBe(1);
    expect(table.stdout).toMatch(new RegExp(`^doubled +${first}`, "m"));
    // The delivery that allows it says so.
    const allowed = await world.verifyWith({ SIDING_DELIVERY: "at-least-once" });
    expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining("at-least-once allows it") });
  });

  test("what was replayed is no double, and no substitute for the event's own record", async () => {
    await world.enqueue(10);
    await world.publishAll();
    const replayed = (await world.eventIds()).map((eventId) => ({
      topic: world.topic,
      eventId,
      replayJobId: randomUUID(),
    }));
    await world.writeFromOutside(...replayed);
    expect(await world.finds(0)).toMatchObject({ complete: true, events: 10 });
    await world.recreateTopic();
    await world.writeFromOutside(...replayed);
    expect((await world.finds(1)).faults).toMatchObject({ missing: 10, doubled: 0 });
  });

  test("with the topic's records gone every one of them is missing, by name", async () => {
    await world.enqueue(30);
    await world.publishAll();
    await world.recreateTopic();
    const found = await world.finds(1);
    expect(found.faults).toMatchObject({ missing: 30, foreign: 0 });
    expect(found.named.map(({ event_id }) => event_id).sort()).toEqual((await world.eventIds()).sort());
    expect(found.sums.every(({ agrees }) => !agrees)).toBe(true);
  });

  test("records that Kafka deleted are missing, and it says what Kafka has deleted", async () => {
    await world.enqueue(60);
    await world.publishAll();
    const before = await world.finds(0);
    await world.deleteRecords(1, 3);
    const found = await world.finds(1);
    expect(found.scanned_records).toBeLessThan(before.scanned_records);
    expect(found.faults.missing).toBe(before.scanned_records - found.scanned_records);
    expect(found.notes).toEqual([expect.stringMatching(/deleted what lay before offset 3 of .*\/1/)]);
  });

  test("a record under this deployment's name that Postgres never committed is foreign; another producer's is none of ours", async () => {
    await world.enqueue(10);
    await world.publishAll();
    const rolledBack = randomUUID();
    const { topic, producerId } = world;
    await world.writeFromOutside({ topic, eventId: rolledBack, producerId }, { topic, eventId: randomUUID() });
    const found = await world.finds(1);
    expect(found.other_records).toBe(1);
    expect(found.faults).toMatchObject({ foreign: 1, missing: 0, doubled: 0 });
    expect(found.named).toMatchObject([{ fault: "foreign", event_id: rolledBack, topic: world.topic }]);
  });

  test("a record of a pending event is unpublished, one in another topic is misplaced", async () => {
    const other = `${world.topic}.other`;
    await createTopic(inject("kafkaBrokers"), other, 1);
    await world.enqueue(10);
    await world.enqueue(1, other);
    await world.publishAll();
    const ids = await world.eventIds();
    await world.enqueue(1);
    const pending = (await world.eventIds()).find((id) => !ids.includes(id))!;
    await world.writeFromOutside({ topic: world.topic, eventId: pending });
    expect(await world.finds(1)).toMatchObject({ named: [{ fault: "unpublished", event_id: pending }] });
    // As if an event had gone to another topic than its row says.
    await world.query("update siding.event set topic = $1 where event_id = $2", [other, ids[0]]);
    const found = await world.finds(1);
    expect(found.named.find(({ event_id }) => event_id === ids[0])).toMatchObject({
      fault: "misplaced",
      places: [{ topic: world.topic }],
    });
  });

  test("a row that somebody deleted is noticed by the record, and its event named", async () => {
    await world.enqueue(40);
    await world.publishAll();
    const [, , third] = await world.eventIds();
    await world.query("delete from siding.event where event_id = $1", [third]);
    const found = await world.finds(1);
    expect(found.named).toMatchObject([{ fault: "foreign", event_id: third }]);
    expect(found.sums.filter(({ agrees }) => !agrees)).toHaveLength(1);
  });

  test("while a relay publishes it finds nothing wrong, time after time", async () => {
    const relay = world.relay();
    await relay.logged(/shard 1 taken/);
    let looks = 0;
    const looking = (async () => {
      for (; looks < 3; looks++) {
        const args = looks === 1 ? ["--since", "1s"] : [];
        expect(await world.finds(0, ...args)).toMatchObject({ complete: true, named: [] });
      }
    })();
    let written = 0;
    for (; looks < 3 && written < 20_000; written += 20) await world.enqueue(20);
    await looking;
    expect((await relay.stop()).code).toBe(0);
    await world.publishAll();
    expect((await world.finds(0)).events).toBe(written);
  });

  test("a time limits it to what was published since; before it nothing is asked for", async () => {
    await world.enqueue(30);
    await world.publishAll();
    // As if it had been published, and recorded, an hour ago.
    await world.query("alter table siding.published_sum drop constraint published_sum_shard_minute_fkey");
    for (const table of ["published_sum", "published_span"]) {
      await world.query(`update siding.${table} set minute = minute - interval '1 hour'`);
    }
    await world.query("update siding.event set created_at = created_at - interval '1 hour'");
    await world.enqueue(5);
    await world.publishAll();
    expect(await world.finds(0, "--since", "30m")).toMatchObject({ events: 5 });
    expect(await world.finds(0, "--since", "3h")).toMatchObject({ events: 35 });
    expect(await world.finds(0)).toMatchObject({ events: 35 });
    await world.recreateTopic();
    expect((await world.finds(1, "--since", "30m")).faults).toMatchObject({ missing: 5 });
  });

  test("a dead letter that was redriven counts when it went out, however old it is", async () => {
    await world.enqueue(30);
    await world.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at)
      select shard, min(seq), 5, 'x', 'x', now() from siding.event group by shard`,
    );
    await world.publishAll();
    // As if all that had been an hour ago.
    await world.query("alter table siding.published_sum drop constraint published_sum_shard_minute_fkey");
    for (const table of ["published_sum", "published_span"]) {
      await world.query(`update siding.${table} set minute = minute - interval '1 hour'`);
    }
    await world.query("update siding.event set created_at = created_at - interval '1 hour'");
    await world.enqueue(5);
    const redrive = ["dead", "redrive", "--reason", "test", "--yes"];
    expect((await new SidingProcess(redrive, world.environment).ended).code).toBe(0);
    await world.publishAll();
    expect(await world.finds(0, "--since", "30m")).toMatchObject({ events: 7 });
    expect(await world.finds(0)).toMatchObject({ events: 35 });

    // As it is between Kafka's commit and its promotion.
    await world.query("delete from siding.published_span");
    await world.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at, dead_batch, dead_at)
      select shard, seq, 5, 'x', 'x', now(), 1, now() from siding.redriven`,
    );
    await world.query(
      `update siding.job_progress p set redriven_seqs = array[r.seq] from siding.redriven r
      where r.shard = p.shard and r.batch = p.batch`,
    );
    await world.query(
      `update siding.shard s set promoted_batch = r.batch - 1, planned_batch = r.batch, planned_cursor = s.cursor
      from siding.redriven r where r.shard = s.shard`,
    );
    await world.query("delete from siding.redriven");
    expect(await world.finds(0)).toMatchObject({ events: 33, named: [] });
  });

  test("what a relay of an earlier release published has no record, and is held against Kafka all the same", async () => {
    await world.enqueue(20);
    await world.publishAll();
    // As that release left it behind.
    await world.query("delete from siding.published_span");
    expect(await world.finds(0)).toMatchObject({ events: 20, sums: [] });
    await world.enqueue(10);
    await world.publishAll();
    const found = await world.finds(0, "--since", "1h");
    expect(found.events).toBe(30);
    expect(found.sums.reduce((sum, { recorded }) => sum + recorded.events, 0)).toBe(10);
    const [lost] = await world.eventIds();
    await world.writeFromOutside({ topic: world.topic, eventId: lost! });
    expect((await world.finds(1)).named).toMatchObject([{ fault: "doubled", event_id: lost }]);
  });

  test("at-least-once is recorded too", async () => {
    await world.enqueue(100);
    await world.publishAll({ SIDING_DELIVERY: "at-least-once" });
    const found = await world.finds(0);
    expect(found.events).toBe(100);
    expect(found.sums.reduce((sum, { recorded }) => sum + recorded.events, 0)).toBe(100);
  });

  test("against another cluster it halts, without a server it says which, and a bad time is a fault of usage", async () => {
    await world.enqueue(1);
    await world.publishAll();
    expect(await world.verifyWith({ KAFKA_BROKERS: "127.0.0.1:1" })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("Kafka at 127.0.0.1:1"),
    });
    expect(await world.verifyWith({ DATABASE_URL: "postgres://127.0.0.1:1/x" })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("Postgres at 127.0.0.1:1"),
    });
    expect(await world.verify("--since", "yesterday")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"yesterday" is not a time'),
    });
    await world.query("update siding.deployment set kafka_cluster_id = 'another'");
    expect(await world.verify()).toMatchObject({ code: 4, stderr: expect.stringContaining("cluster id was another") });
  });
});
