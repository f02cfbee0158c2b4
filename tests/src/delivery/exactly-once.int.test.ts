import { setTimeout as sleep } from "node:timers/promises";
import { startKafka } from "@siding/embedded/start-kafka.js";
import { startPostgres } from "@siding/embedded/start-postgres.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { CommittedConsumer } from "@siding/testkit/delivery/committed-consumer.js";
import { runTraffic } from "@siding/testkit/delivery/counter-traffic.js";
import { DeliveryLedger, NOTHING_WRONG } from "@siding/testkit/delivery/delivery-ledger.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SidingProcess } from "../relay-process.js";
import { createTopic } from "../topics.js";

/** How long each test writes. A minute is what the promise is measured with; a check of every change takes less. */
const SECONDS = Number(process.env.SIDING_TEST_SECONDS ?? "12");
const PARTITIONS = 12;

type Services = { postgres: Awaited<ReturnType<typeof startPostgres>>; kafka: Awaited<ReturnType<typeof startKafka>> };

// Servers of their own: these tests hold transactions open, which show in the snapshots of every database of a server,
// and stop the broker.
describe("exactly once, in order, beside 24 writers that roll back and dawdle", {
  timeout: (SECONDS + 180) * 1000,
}, () => {
  let services: Services;
  let run = 0;

  beforeAll(async () => {
    const [postgres, kafka] = await Promise.all([startPostgres({ settings: { max_connections: 200 } }), startKafka()]);
    services = { postgres, kafka };
  });
  afterAll(async () => {
    await Promise.all([services?.postgres.stop(), services?.kafka.stop()]);
  });

  type Disturb = (relays: SidingProcess[], start: () => SidingProcess, databaseUrl: string) => Promise<void>;

  async function prove(disturb: Disturb): Promise<void> {
    const { postgres, kafka } = services;
    run += 1;
    const topic = `counted-${run}`;
    const databaseUrl = await createDatabase(postgres.url, `delivery_${run}`);
    await migrate({ databaseUrl });
    await createTopic(kafka.brokers, topic, PARTITIONS);
    const start = (): SidingProcess =>
      SidingProcess.relay({
        databaseUrl,
        kafkaBrokers: kafka.brokers,
        settings: { SIDING_DEPLOYMENT: `delivery-${run}`, SIDING_LEASE_MS: "2000" },
      });
    const relays = [start(), start()];
    const ledger = new DeliveryLedger();
    const onRecord = ledger.receive.bind(ledger);
    const consumer = await CommittedConsumer.open({ brokers: kafka.brokers, topic, partitions: PARTITIONS, onRecord });
    try {
      // A relay that finds no broker at its start ends at once, as it should: it has to be working before one goes.
      await Promise.all(relays.map((relay) => relay.logged(/shard \d+ taken/)));
      const signal = AbortSignal.timeout(SECONDS * 1000);
      const traffic = runTraffic({ databaseUrl, topic, writers: 24, keys: 60, seed: run, restMsMax: 0, signal });
      await Promise.all([traffic, disturb(relays, start, databaseUrl)]);
      const expected = await traffic;
      const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
      await consumer.until(total);
      expect(total).toBeGreaterThan(SECONDS * 20);
      const said = relays.map((relay) => relay.log.slice(-3_000)).join("\n");
      expect(ledger.verdict(expected), said).toEqual({ expected: total, ...NOTHING_WRONG });
      expect(await verify(databaseUrl, `delivery-${run}`)).toMatchObject({ complete: true, events: total, named: [] });
    } finally {
      await consumer.close();
      await Promise.all(relays.map((relay) => relay.stop()));
    }
  }

  /** What the command finds on both systems: a second witness, with a record of its own. */
  async function verify(databaseUrl: string, deployment: string): Promise<object> {
    const environment = {
      DATABASE_URL: databaseUrl,
      KAFKA_BROKERS: services.kafka.brokers,
      SIDING_DEPLOYMENT: deployment,
    };
    const ended = await new SidingProcess(["verify", "-o", "json"], environment).ended;
    expect(ended, ended.stderr + ended.stdout).toMatchObject({ code: 0 });
    return JSON.parse(ended.stdout);
  }

  test("two relays", () => prove(async () => {}));

  test("the owner killed five times", () =>
    prove(async (relays, start, databaseUrl) => {
      for (let kill = 0; kill < 5; kill++) {
        await sleep((SECONDS * 1000) / 6);
        const owner = await processOfOwner(databaseUrl);
        const [victim] = relays.splice(
          relays.findIndex((each) => each.processId === owner),
          1,
        );
        expect(victim!.processId).toBe(owner);
        victim!.kill("SIGKILL");
        relays.push(start());
      }
    }));

  test("the broker gone for a third of the time", () =>
    prove(async () => {
      await sleep((SECONDS * 1000) / 4);
      const { kafka } = services;
      kafka.kill("SIGKILL");
      await sleep((SECONDS * 1000) / 3);
      await kafka.restart();
    }));
});

/** The process that holds most shards at this moment, once one holds any. */
async function processOfOwner(databaseUrl: string): Promise<number> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query(
        `select r.process_id from siding.shard s join siding.relay r on r.relay_id = s.owner
        where s.lease_until > clock_timestamp() group by r.process_id order by count(*) desc limit 1`,
      );
      if (rows.length > 0) return rows[0].process_id;
      await sleep(20);
    }
  } finally {
    await client.end();
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
