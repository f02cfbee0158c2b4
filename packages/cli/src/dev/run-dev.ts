import { randomBytes } from "node:crypto";
import { isSidingError, SidingError } from "@siding/core/errors.js";
import type { AbortSignalLike, Clock, Random } from "@siding/core/ports/clock.js";
import { migrate } from "@siding/store-postgres/migrate.js";
import { serveAdmin } from "../admin/serve-admin.js";
import { maskDatabaseUrl } from "../config/database-url.js";
import { formatListenAddress } from "../config/listen-address.js";
import type { SidingConfig } from "../config/settings.js";
import { startRelay } from "../start-relay.js";
import { Checker } from "./checker.js";
import { Cleanups } from "./cleanups.js";
import { createTopics } from "./create-topics.js";
import { type DevServices, startDevServices } from "./dev-services.js";
import type { DevView } from "./dev-view.js";
import { ReadCommittedConsumer } from "./read-committed-consumer.js";
import { RelayWatch } from "./relay-watch.js";
import { renderVerdict, type Verdict } from "./render-verdict.js";
import { RunProgress } from "./run-progress.js";
import { compareWithOrders, layOutOrders, removeOrders } from "./sample-orders.js";
import { SAMPLE_TENANTS, SAMPLE_TOPICS } from "./sample-tenants.js";
import { Workload } from "./workload.js";

export interface DevOptions {
  readonly config: SidingConfig;
  /** Until the signal is aborted where left out. */
  readonly seconds: number | undefined;
  readonly signal: AbortSignalLike;
  readonly view: DevView;
  readonly clock: Clock;
  readonly random: Random;
}

export type DevEnd = "passed" | "failed" | "interrupted";

/** A drain that makes no progress for this long has lost what it waits for. */
const STALL_MS = 30_000;
/** How long a record that should not come is waited for. */
const GRACE_MS = 1_000;
const POLL_MS = 50;
const SHARDS_TIMEOUT_MS = 5_000;
const SERVICES_CHECK_MS = 500;
/** A relay whose broker is gone waits long for an answer; the process ends without it then. */
const RELAY_STOP_MS = 5_000;

/**
 * Starts everything, enqueues and checks until the time is over, and ends everything it started.
 * @throws what the relay throws, SIDING_STORE_*, SIDING_BROKER_*, SIDING_DEPENDENCY_MISSING
 */
export async function runDev(options: DevOptions): Promise<DevEnd> {
  const cleanups = new Cleanups();
  let end: DevEnd;
  try {
    end = await new DevRun(options, cleanups).run();
  } catch (error) {
    options.view.end();
    // What went wrong first is what is reported; the cleaning up fails of the same cause.
    await cleanups.run().catch(() => {});
    throw error;
  }
  if (end === "interrupted") options.view.say("interrupted before it had begun: nothing was checked");
  await cleanups.run();
  return end;
}

class DevRun {
  readonly #options: DevOptions;
  readonly #cleanups: Cleanups;
  readonly #run = randomBytes(4).toString("hex");
  /** Aborted when enqueueing is to end, for whatever reason. */
  readonly #over = new AbortController();
  #failure: unknown = null;

  constructor(options: DevOptions, cleanups: Cleanups) {
    this.#options = options;
    this.#cleanups = cleanups;
    options.signal.addEventListener("abort", () => this.#over.abort(), { once: true });
    if (options.signal.aborted) this.#over.abort();
  }

  async run(): Promise<DevEnd> {
    const { clock, signal } = this.#options;
    const services = await this.#startServices();
    if (signal.aborted) return "interrupted";
    const checker = new Checker(this.#run, services.deployment);
    const progress = new RunProgress(checker);
    const { workload, shards } = await this.#prepareDatabase(services, checker);
    if (signal.aborted) return "interrupted";
    await this.#startConsumer(services, checker, progress);
    if (signal.aborted) return "interrupted";
    await this.#startAdmin(services);
    const watch = await this.#startRelay(services, shards);
    this.#throwFailure();
    if (signal.aborted) return "interrupted";

    progress.begin(clock.monotonicMs());
    workload.start();
    await this.#showUntilOver(progress);
    const ranMs = progress.elapsedMs(clock.monotonicMs());
    await workload.stop();
    await this.#drain(checker, progress, watch);
    await compareWithOrders(workload.pool, this.#run, checker);
    checker.judgeMissing();
    this.#throwFailure();
    return this.#tellVerdict(renderVerdict(checker, progress, workload.repeatedEnqueues, ranMs));
  }

  async #startServices(): Promise<DevServices> {
    const { view, config, signal } = this.#options;
    const embedded = [config.databaseUrl ? [] : ["Postgres"], config.kafkaBrokers ? [] : ["Kafka"]].flat();
    if (embedded.length > 0) view.say(`starting ${embedded.join(" and ")}, embedded`);
    const services = await startDevServices(config, this.#run);
    this.#cleanups.add(() => services.stop());
    if (signal.aborted) return services;
    // The password of an embedded Postgres is made up for this run; an own one's is nobody's business.
    const url = config.databaseUrl === undefined ? services.databaseUrl : maskDatabaseUrl(services.databaseUrl);
    view.say(`DATABASE_URL=${url}`);
    view.say(`KAFKA_BROKERS=${services.kafkaBrokers}`);
    view.say(`to enqueue by hand: psql "${url}" -c "select siding.enqueue('${SAMPLE_TOPICS.orders}', '{}')"`);
    view.say(`${SAMPLE_TENANTS.length} sample tenants; every event is checked by a read_committed consumer of its own`);
    return services;
  }

  async #prepareDatabase(
    { databaseUrl, isDatabaseTemporary }: DevServices,
    checker: Checker,
  ): Promise<{ workload: Workload; shards: number }> {
    const { view, clock, random, config } = this.#options;
    const workload = new Workload({
      databaseUrl,
      run: this.#run,
      checker,
      clock,
      random,
      warn: (text) => view.warn(text),
      fail: (error) => this.#fail(error),
    });
    this.#cleanups.add(() => workload.close());
    const { shards } = await migrate({ databaseUrl, shards: config.shards });
    await layOutOrders(workload.pool, this.#run);
    if (!isDatabaseTemporary) this.#cleanups.add(() => removeOrders(workload.pool, this.#run));
    return { workload, shards: shards ?? config.shards };
  }

  /** Beside the run, not part of what it proves: another process on its port is no reason to end. */
  async #startAdmin({ databaseUrl }: DevServices): Promise<void> {
    const { view, config } = this.#options;
    try {
      const server = await serveAdmin({ ...config, databaseUrl }, { answered: () => {}, failed: () => {} });
      this.#cleanups.add(() => server.close());
      view.say(`admin API on http://${formatListenAddress(server)}, described at /openapi.json`);
    } catch (error) {
      if (!isSidingError(error)) throw error;
      view.say(`without the admin API: ${error.message}`);
    }
  }

  async #startConsumer({ kafkaBrokers }: DevServices, checker: Checker, progress: RunProgress): Promise<void> {
    const { view, clock, config } = this.#options;
    const place = { brokers: kafkaBrokers, properties: config.kafka };
    const topics = Object.values(SAMPLE_TOPICS);
    await createTopics(place, topics);
    const consumer = await ReadCommittedConsumer.open({
      place,
      run: this.#run,
      topics,
      clock,
      onRecord: (record) => {
        const arrival = checker.arrived(record);
        if (arrival !== null) progress.arrived(arrival, clock.monotonicMs(), clock.unixMs());
      },
      warn: (text) => view.warn(text),
    });
    this.#cleanups.add(() => consumer.close());
  }

  /** Resolves once the relay has its shards: what is measured is publishing, not starting. */
  async #startRelay(services: DevServices, shards: number): Promise<RelayWatch> {
    const { view, clock, config } = this.#options;
    const watch = new RelayWatch((text) => view.warn(text));
    const stop = new AbortController();
    let isStopping = false;
    const ended = startRelay({
      config: {
        ...config,
        databaseUrl: services.databaseUrl,
        kafkaBrokers: services.kafkaBrokers.split(","),
        deployment: services.deployment,
        // The sample tenants are there to be fast; a quota would make their events wait for minutes.
        tenantQuota: "none",
      },
      observer: watch,
      untilEmpty: false,
      signal: stop.signal as AbortSignalLike,
    }).then(
      () => {
        if (!isStopping) this.#fail(new SidingError("SIDING_INTERNAL", "the relay ended before it was told to"));
      },
      (error: unknown) => this.#fail(error),
    );
    this.#cleanups.add(async () => {
      isStopping = true;
      stop.abort();
      await Promise.race([ended, clock.sleep(RELAY_STOP_MS)]);
    });
    this.#watchServices(services);
    // Where another relay of this deployment runs as well, this one does not get them all.
    const deadline = clock.monotonicMs() + SHARDS_TIMEOUT_MS;
    while (watch.shardsTaken < shards && clock.monotonicMs() < deadline && !this.#over.signal.aborted) {
      await clock.sleep(POLL_MS);
    }
    return watch;
  }

  #watchServices(services: DevServices): void {
    const stop = new AbortController();
    const watch = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const failure = services.failure();
        if (failure !== null) this.#fail(failure);
        await this.#options.clock.sleep(SERVICES_CHECK_MS, stop.signal as AbortSignalLike);
      }
    };
    const ended = watch();
    this.#cleanups.add(async () => {
      stop.abort();
      await ended;
    });
  }

  async #showUntilOver(progress: RunProgress): Promise<void> {
    const { view, clock, seconds } = this.#options;
    const over = this.#over.signal as AbortSignalLike;
    const untilMs = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1_000;
    const limit = seconds === undefined ? "" : ` of ${seconds} s`;
    for (;;) {
      const leftMs = untilMs - progress.elapsedMs(clock.monotonicMs());
      await clock.sleep(Math.min(view.everyMs, leftMs), over);
      if (this.#over.signal.aborted || leftMs <= view.everyMs) break;
      const now = clock.monotonicMs();
      const ran = `${Math.round(progress.elapsedMs(now) / 1_000)} s`;
      view.show(progress.snapshot(now), `running, ${ran}${limit}; Ctrl-C ends it with a verdict`);
    }
    this.#throwFailure();
  }

  /** Nothing is enqueued any more: what was committed arrives, or is missing. */
  async #drain(checker: Checker, progress: RunProgress, watch: RelayWatch): Promise<void> {
    const { view, clock } = this.#options;
    let shownMs = clock.monotonicMs();
    let sinceMs = shownMs;
    for (;;) {
      const now = clock.monotonicMs();
      sinceMs = Math.max(sinceMs, progress.lastArrivalMs);
      if (checker.waitingEvents === 0 && now - sinceMs >= GRACE_MS) break;
      if (now - sinceMs >= STALL_MS) {
        // While a dependency is away nothing can be said of what has not arrived.
        if (watch.trouble !== null) throw watch.trouble;
        break;
      }
      if (now - shownMs >= view.everyMs) {
        shownMs = now;
        view.show(progress.snapshot(now), "draining, nothing is enqueued any more");
      }
      await clock.sleep(POLL_MS);
      this.#throwFailure();
    }
    view.show(progress.snapshot(clock.monotonicMs()), "drained");
  }

  #tellVerdict({ isPassed, lines }: Verdict): DevEnd {
    const { view } = this.#options;
    view.end();
    for (const line of lines) view.say(line);
    return isPassed ? "passed" : "failed";
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#over.abort();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
