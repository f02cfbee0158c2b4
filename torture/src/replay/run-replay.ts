import { setTimeout as sleep } from "node:timers/promises";
import { type JobDesk, type JobView, withJobDesk } from "@siding/store-postgres/job-desk.js";
import { CommittedConsumer } from "@siding/testkit/delivery/committed-consumer.js";
import pg from "pg";
import { createTopics } from "siding/dev/create-topics.js";
import { DeliveryCheck } from "../check/delivery-check.js";
import { shardsOfProcess } from "../check/read-outbox.js";
import { isClean, renderOutcome } from "../report/render-outcome.js";
import { openWorld, PARTITIONS, type World } from "../services/open-world.js";
import type { RunLog } from "../services/run-log.js";
import { ReplayAudience } from "./replay-audience.js";

const TOPIC = "replayed";
const TENANT = "replayed";
const KEYS = 1_000;
const CHUNK_EVENTS = 5_000;
const LEASE_MS = 1_500;
const RESTART_MS = 300;
const LOOK_MS = 20;
/** Without a single further event. */
const STALL_MS = 120_000;
const AUTHOR = { actor: "torture", role: "database", reason: "torture" } as const;

export interface ReplayOptions {
  readonly events: number;
  /** Of the relay that replays, for each of the two jobs. */
  readonly kills: number;
  readonly seed: number;
  readonly log: RunLog;
}

/**
 * Replays all events of a tenant, cancels that half-way, replays them again, and kills the relay that does it again and
 * again; other tenants' traffic goes on. A read_committed consumer tells what each job published.
 */
export async function runReplay({ events, kills, seed, log }: ReplayOptions): Promise<boolean> {
  log.say(`replay: ${events} events, ${kills} kills a job, seed ${seed}`);
  const world = await openWorld({ leaseMs: LEASE_MS, seed, log });
  let consumer: CommittedConsumer | undefined;
  try {
    const { brokers } = world.kafka;
    await createTopics({ brokers, properties: {} }, [TOPIC]);
    await fill(world.postgres.url, events);
    const audience = new ReplayAudience(TENANT, events);
    const onRecord = audience.receive.bind(audience);
    consumer = await CommittedConsumer.open({ brokers, topic: TOPIC, partitions: PARTITIONS, onRecord });
    for (const relay of world.relays) relay.start();
    await until("all events are published", () => audience.count(null), events);

    const check = await DeliveryCheck.start(world, seed);
    check.backlog.during = "the replays";
    const { half, whole, counted } = await withJobDesk(world.postgres.url, async (desk) => {
      const counted = (await preview(desk, events)).asked;
      const half = await begin(desk);
      await killOnTheWay(world, kills, () => audience.count(half), events / 2);
      await desk.cancel(half, AUTHOR);
      log.say(`cancelled at ${audience.count(half)} of ${events}`);
      const whole = await begin(desk);
      await killOnTheWay(world, kills, () => audience.count(whole), events);
      await until("the second job is done", async () => Number((await desk.show(whole)).state === "done"), 1);
      return { half, whole, counted };
    });
    const outcome = await check.finish(events);
    const jobs = await withJobDesk(world.postgres.url, async (desk) => ({
      half: await desk.show(half),
      whole: await desk.show(whole),
    }));
    const faults = replayFaults(audience, jobs, { events, counted });
    process.stdout.write(renderOutcome(outcome, check.backlog, []));
    process.stdout.write(
      `replayed by the cancelled job  ${jobs.half.replayed}\nreplayed by the second job     ${jobs.whole.replayed}, the dry run said ${counted}\n` +
        faults.map((fault) => `FAULT ${fault}\n`).join(""),
    );
    return isClean(outcome) && faults.length === 0;
  } finally {
    await consumer?.close();
    await world.close();
  }
}

function replayFaults(
  audience: ReplayAudience,
  { half, whole }: { readonly half: JobView; readonly whole: JobView },
  { events, counted }: { readonly events: number; readonly counted: number },
): string[] {
  const [itself, first, second] = [audience.heard(null), audience.heard(half.jobId), audience.heard(whole.jobId)];
  const faults = [...itself.faults, ...first.faults, ...second.faults];
  const expect = (isTrue: boolean, fault: string): void => void (isTrue || faults.push(fault));
  expect(itself.events === events, `${itself.events} records of the events themselves, of ${events}`);
  expect(
    half.state === "cancelled" && first.events < events,
    `the first job was ${half.state} after ${first.events} events`,
  );
  expect(half.replayed === first.events, `the cancelled job says ${half.replayed}, Kafka holds ${first.events}`);
  expect(whole.state === "done" && whole.failed === 0, `the second job is ${whole.state}, ${whole.failed} failed`);
  expect(second.missing === 0, `${second.missing} events are missing of the second job`);
  expect(whole.replayed === second.events, `the second job says ${whole.replayed}, Kafka holds ${second.events}`);
  expect(counted === second.events, `the dry run said ${counted}, Kafka holds ${second.events}`);
  for (const job of audience.jobs()) {
    expect(job === half.jobId || job === whole.jobId, `records of a job that nobody began: ${job}`);
  }
  return faults;
}

/** Kills whoever owns the tenant's shard, at moments spread evenly over the way to a count. */
async function killOnTheWay(world: World, kills: number, count: () => number, end: number): Promise<void> {
  for (let kill = 1; kill <= kills; kill += 1) {
    await until(`kill ${kill}`, count, (end * (kill - world.random.below(1_000) / 1_000)) / kills);
    const victim = await ownerOf(world);
    world.log.say(`  kill -9 of relay ${victim.name} at ${count()}`);
    await victim.kill(RESTART_MS);
  }
  await until("the way's end", count, end);
}

async function ownerOf({ postgres, relays }: World) {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query("select siding.shard_of($1, shards)::int as shard from siding.deployment", [
      TENANT,
    ]);
    for (;;) {
      for (const relay of relays) {
        if ((await shardsOfProcess(postgres.url, relay.processId)).includes(rows[0].shard)) return relay;
      }
      await sleep(LOOK_MS);
    }
  } finally {
    await client.end();
  }
}

async function until(what: string, count: () => number | Promise<number>, wanted: number): Promise<void> {
  let last = -1;
  let movedAtMs = performance.now();
  for (;;) {
    const now = await count();
    if (now >= wanted) return;
    if (now !== last) movedAtMs = performance.now();
    last = now;
    if (performance.now() - movedAtMs > STALL_MS) throw new Error(`${what}: stands at ${now} of ${wanted}`);
    await sleep(LOOK_MS);
  }
}

const REQUEST = { kind: "replay", filter: { tenantId: TENANT }, eventsPerSecond: null, author: AUTHOR } as const;

/** The dry run, once Postgres too takes all events for published. */
async function preview(desk: JobDesk, events: number): ReturnType<JobDesk["preview"]> {
  await until("the dry run counts all events", async () => (await desk.preview(REQUEST)).asked, events);
  return desk.preview(REQUEST);
}

async function begin(desk: JobDesk): Promise<string> {
  const { jobId } = await desk.create(REQUEST);
  if (jobId === null) throw new Error("there is nothing to replay");
  return jobId;
}

async function fill(databaseUrl: string, events: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let from = 1; from <= events; from += CHUNK_EVENTS) {
      await client.query(
        `select count(siding.enqueue($1, to_jsonb(n), $2, key => 'k-' || n % $3::int))
        from (select n from generate_series($4::int, $5::int) n order by n) n`,
        [TOPIC, TENANT, KEYS, from, Math.min(events, from + CHUNK_EVENTS - 1)],
      );
    }
  } finally {
    await client.end();
  }
}
