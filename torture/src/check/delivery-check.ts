import { CommittedConsumer } from "@siding/testkit/delivery/committed-consumer.js";
import { type Expected, runTraffic } from "@siding/testkit/delivery/counter-traffic.js";
import { DeliveryLedger, type Verdict } from "@siding/testkit/delivery/delivery-ledger.js";
import { PARTITIONS, TOPIC, type World } from "../services/open-world.js";
import { BacklogWatch } from "./backlog-watch.js";
import { outboxFaults } from "./read-outbox.js";
import { ShardArrivals } from "./shard-arrivals.js";

const WRITERS = 24;
const KEYS = 60;
/** Leaves a shard idle for some milliseconds now and then, so that what only an idle shard does is reached too. */
const REST_MS_MAX = 100;
const FAULTS_SAID_MAX = 10;

export interface DeliveryOutcome {
  readonly verdict: Verdict;
  /** What is wrong otherwise: a halt, a relay that ended by itself, events that Postgres does not take for published. */
  readonly faults: readonly string[];
}

interface Watchers {
  readonly ledger: DeliveryLedger;
  readonly arrivals: ShardArrivals;
  readonly backlog: BacklogWatch;
}

/** Writers on one side, an independent consumer on the other, and what is known of everything in between. */
export class DeliveryCheck {
  readonly ledger: DeliveryLedger;
  readonly arrivals: ShardArrivals;
  readonly backlog: BacklogWatch;
  readonly #world: World;
  readonly #consumer: CommittedConsumer;
  readonly #stopWriting = new AbortController();
  readonly #traffic: Promise<Expected>;

  private constructor(world: World, seed: number, consumer: CommittedConsumer, watchers: Watchers) {
    this.#world = world;
    this.#consumer = consumer;
    this.ledger = watchers.ledger;
    this.arrivals = watchers.arrivals;
    this.backlog = watchers.backlog;
    this.#traffic = runTraffic({
      databaseUrl: world.postgres.url,
      topic: TOPIC,
      ...{ writers: WRITERS, keys: KEYS, restMsMax: REST_MS_MAX },
      seed,
      signal: this.#stopWriting.signal,
    });
    this.#traffic.catch(() => {}); // said by finish(), which awaits it
  }

  static async start(world: World, seed: number): Promise<DeliveryCheck> {
    const ledger = new DeliveryLedger();
    const arrivals = new ShardArrivals();
    const backlog = new BacklogWatch(world.postgres.url, ledger);
    let said = 0;
    const consumer = await CommittedConsumer.open({
      ...{ brokers: world.kafka.brokers, topic: TOPIC, partitions: PARTITIONS },
      onRecord: (record) => {
        const fault = ledger.receive(record);
        backlog.received();
        arrivals.received(record);
        if (fault !== null && said++ < FAULTS_SAID_MAX) world.log.say(`${fault} (during ${backlog.during})`);
      },
    });
    return new DeliveryCheck(world, seed, consumer, { ledger, arrivals, backlog });
  }

  /**
   * Ends the writers, waits until all is delivered, or nothing comes any more, and stops the relays.
   * @param others events in the outbox that are not the writers'
   */
  async finish(others = 0): Promise<DeliveryOutcome> {
    const { relays, postgres } = this.#world;
    this.backlog.during = "the end";
    this.#stopWriting.abort();
    const expected = await this.#traffic;
    const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
    await this.#consumer.until(total);
    const faults: string[] = [];
    for (const relay of relays) faults.push(...relay.unexpectedEnds);
    for (const fault of await Promise.all(relays.map((relay) => relay.stop()))) if (fault !== null) faults.push(fault);
    const verdict = this.ledger.verdict(expected);
    faults.push(...(await outboxFaults(postgres.url, total + others)));
    await this.close();
    return { verdict, faults };
  }

  async close(): Promise<void> {
    this.#stopWriting.abort();
    await Promise.all([this.backlog.close(), this.#consumer.close()]);
  }
}
