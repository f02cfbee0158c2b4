import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { type PrintedJob, ReplayWorld, upTo } from "./replay-world.js";

interface Offer {
  readonly job_id: string | null;
  readonly asked: number;
  readonly waiting: number;
  readonly overlaps: readonly { readonly job_id: string }[];
}

const SLOW = { timeout: 40_000, interval: 50 };
let run = 0;
let world: ReplayWorld;
beforeEach(async () => {
  run += 1;
  world = await ReplayWorld.create(
    inject("databaseUrl"),
    inject("kafkaBrokers"),
    `replay-${process.pid}-${process.env.VITEST_POOL_ID}-${run}`,
  );
});
afterEach(() => world.close());

const REASON = ["--reason", "test", "--yes"];

test("a replay that is cancelled half-way and begun again under kill -9 publishes each asked event once a job, in order, beside live traffic", async () => {
  const EVENTS = 3_000;
  const first = world.relay();
  await world.enqueue("acme", 1, EVENTS);
  await world.enqueue("other", 1, 10);
  await expect.poll(() => world.numbers("acme").length, SLOW).toBe(EVENTS);
  await expect
    .poll(() => world.ask<Offer>("events", "replay", "--tenant", "acme", "--dry-run").then(({ asked }) => asked), SLOW)
    .toBe(EVENTS);

  const half = await world.ask<Offer>("events", "replay", "--tenant", "acme", "--rate", "200", ...REASON);
  expect(half.asked).toBe(EVENTS);
  await expect.poll(() => world.numbers("acme", half.job_id).length, SLOW).toBeGreaterThan(200);
  expect(await world.ask<Offer>("events", "replay", "--tenant", "acme", "--dry-run")).toMatchObject({
    overlaps: [{ job_id: half.job_id }],
  });
  await world.ask<PrintedJob>("jobs", "cancel", half.job_id!, ...REASON);

  const whole = await world.ask<Offer>("events", "replay", "--tenant", "acme", "--rate", "500", ...REASON);
  expect(whole).toMatchObject({ asked: EVENTS, waiting: 0 });
  await expect.poll(() => world.numbers("acme", whole.job_id).length, SLOW).toBeGreaterThan(300);
  first.kill("SIGKILL");
  await first.ended;
  await world.enqueue("other", 11, 20);
  await world.enqueue("acme", EVENTS + 1, EVENTS + 20);
  const second = world.relay();
  await expect.poll(() => world.numbers("acme", whole.job_id).length, SLOW).toBeGreaterThan(1_000);
  second.kill("SIGKILL");
  await second.ended;
  const third = world.relay();
  await expect.poll(() => world.job(whole.job_id!).then(({ state }) => state), SLOW).toBe("done");
  await expect.poll(() => world.numbers("other").length, SLOW).toBe(20);

  expect(world.numbers("acme", whole.job_id)).toEqual(upTo(EVENTS));
  const cancelled = world.numbers("acme", half.job_id);
  expect(cancelled).toEqual(upTo(cancelled.length));
  expect(cancelled.length).toBeLessThan(EVENTS);
  expect(world.numbers("acme")).toEqual(upTo(EVENTS + 20));
  expect(world.numbers("other")).toEqual(upTo(20));
  expect((await world.job(whole.job_id!)).counts).toMatchObject({ replayed: EVENTS, failed: 0 });
  expect(await world.job(half.job_id!)).toMatchObject({ state: "cancelled", counts: { replayed: cancelled.length } });
  const ids = new Set(world.arrived("acme").map(({ headers }) => headers["event-id"]));
  expect(world.arrived("acme", whole.job_id).every(({ headers }) => ids.has(headers["event-id"]!))).toBe(true);
  expect((await third.stop()).code).toBe(0);
  // What was replayed on purpose is neither doubled nor foreign.
  const verified = await world.run("verify");
  expect(verified.code, verified.stdout).toBe(0);
}, 170_000);

test("dead letters are redriven once their cause is gone, or ruled on; no list shows them then", async () => {
  const relay = world.relay();
  await world.enqueue("acme", 1, 5);
  await expect.poll(() => world.numbers("acme").length, SLOW).toBe(5);
  // As a relay leaves them: consumed by the line, and not in Kafka.
  expect((await relay.stop()).code).toBe(0);
  await world.enqueue("acme", 6, 9);
  await world.query(
    `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at)
    select shard, seq, 2, 'message too large', 'message too large', now() from siding.event where payload::int in (6, 7)`,
  );
  const again = world.relay();
  await expect.poll(() => world.numbers("acme"), SLOW).toEqual([1, 2, 3, 4, 5, 8, 9]);
  await expect
    .poll(() => world.query("select payload::int as n from siding.events where status = 'dead' order by 1"), SLOW)
    .toEqual([{ n: 6 }, { n: 7 }]);

  const [row] = await world.query("select event_id from siding.events where payload = '7'");
  const discard = ["dead", "discard", "--id", String(row!.event_id), ...REASON];
  expect(await world.ask<Offer>(...discard)).toMatchObject({ asked: 1 });
  await expect.poll(() => world.ask<Offer>("dead", "redrive", "--dry-run").then(({ asked }) => asked), SLOW).toBe(1);
  const offer = await world.ask<Offer>("dead", "redrive", "--topic", world.topic, ...REASON);
  expect(offer.asked).toBe(1);
  await expect.poll(() => world.numbers("acme"), SLOW).toEqual([1, 2, 3, 4, 5, 8, 9, 6]);
  await expect.poll(() => world.job(offer.job_id!), SLOW).toMatchObject({ state: "done", counts: { redriven: 1 } });
  const status = await world.query(
    "select payload::int as n, status from siding.events where payload in ('6', '7') order by 1",
  );
  expect(status).toEqual([
    { n: 6, status: "published" },
    { n: 7, status: "dead" },
  ]);
  expect((await world.ask<{ groups: unknown[] }>("dead", "list")).groups).toEqual([]);
  // A record of its own, and no replay: it goes out for the first time.
  expect(world.arrived("acme").at(-1)!.headers).toMatchObject({ "retry-count": "2" });
  expect((await again.stop()).code).toBe(0);
  const verified = await world.run("verify");
  expect(verified.code, verified.stdout).toBe(0);
}, 120_000);

test.each(["redrive", "discard"])(
  "what waits behind a dead letter in order-first goes on once it is ruled on: %s",
  async (ruling) => {
    await world.query(
      "insert into siding.policy (name, tenant_id, retry, actor, reason) values ('tenant/acme', 'acme', 'order-first', 'test', 'test')",
    );
    await world.query(
      `select siding.enqueue($1, to_jsonb(n), 'acme', key => 'k') from generate_series(1, 4) n order by n`,
      [world.topic],
    );
    await world.query(
      `insert into siding.failure (shard, seq, attempts, last_error, fingerprint, retry_at)
    select shard, seq, 2, 'message too large', 'message too large', now() from siding.event where payload::int = 2`,
    );
    const relay = world.relay();
    await expect.poll(() => world.numbers("acme"), SLOW).toEqual([1]);
    await expect
      .poll(() => world.query("select status from siding.events order by seq"), SLOW)
      .toEqual([{ status: "published" }, { status: "dead" }, { status: "pending" }, { status: "pending" }]);
    const offer = await world.ask<Offer>("dead", ruling, "--tenant", "acme", ...REASON);
    expect(offer.asked).toBe(1);
    const wanted = ruling === "redrive" ? [1, 2, 3, 4] : [1, 3, 4];
    await expect.poll(() => world.numbers("acme").length, SLOW).toBe(wanted.length);
    expect((await relay.stop()).code).toBe(0);
    expect(world.numbers("acme")).toEqual(wanted);
    // Another relay finds nothing that is owed.
    const next = world.relay();
    await world.enqueue("other", 1, 3);
    await expect.poll(() => world.numbers("other"), SLOW).toEqual([1, 2, 3]);
    expect((await next.stop()).code).toBe(0);
    expect(world.numbers("acme")).toEqual(wanted);
    const verified = await world.run("verify");
    expect(verified.code, verified.stdout).toBe(0);
  },
  120_000,
);
