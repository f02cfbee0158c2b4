import { SidingError } from "@siding/core/errors.js";
import { ServiceStartError } from "@siding/embedded/service-start-error.js";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import { startServices } from "@siding/embedded/start-services.js";
import { describeServer, storeError } from "@siding/store-postgres/connection.js";
import pg from "pg";
import type { SidingConfig } from "../config/settings.js";

/** What a run works with: the operator's own where they are set, embedded otherwise. */
export interface DevServices {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly deployment: string;
  /** Whether the database is gone after the run, so that nothing in it needs cleaning up. */
  readonly isDatabaseTemporary: boolean;
  /** Why the run cannot go on: an embedded service that has ended. */
  failure(): SidingError | null;
  stop(): Promise<void>;
}

/**
 * Starts what DATABASE_URL and KAFKA_BROKERS do not name. A deployment is pinned to one Postgres and one Kafka for good
 * (design §4), so a lasting one is never paired with a temporary one: it would halt ever after.
 * @throws SIDING_DEPENDENCY_MISSING, SIDING_STORE_*
 */
export async function startDevServices(config: SidingConfig, run: string): Promise<DevServices> {
  const { databaseUrl, kafkaBrokers, deployment } = config;
  const brokers = kafkaBrokers?.join(",");
  try {
    if (databaseUrl !== undefined && brokers !== undefined) {
      return external({ databaseUrl, kafkaBrokers: brokers, deployment });
    }
    if (databaseUrl !== undefined) return await besideDatabase(databaseUrl, run, deployment);
    if (brokers !== undefined) {
      // Its transactional ids must be nobody else's: those of another deployment's relay would be fenced.
      const postgres = await startPostgres();
      return temporary({ databaseUrl: postgres.url, kafkaBrokers: brokers, deployment: `dev-${run}` }, { postgres });
    }
    const services = await startServices();
    const { postgres, kafka } = services;
    return temporary(
      { databaseUrl: services.databaseUrl, kafkaBrokers: services.kafkaBrokers, deployment },
      { postgres, kafka },
    );
  } catch (error) {
    if (!(error instanceof ServiceStartError)) throw error;
    throw new SidingError("SIDING_DEPENDENCY_MISSING", error.message, { cause: error });
  }
}

interface Places {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  readonly deployment: string;
}

function external(places: Places): DevServices {
  return { ...places, isDatabaseTemporary: false, failure: () => null, stop: async () => {} };
}

interface Started {
  readonly postgres?: RunningPostgres | undefined;
  readonly kafka?: RunningKafka | undefined;
}

function temporary(places: Places, { postgres, kafka }: Started): DevServices {
  return {
    ...places,
    isDatabaseTemporary: true,
    failure: () => {
      if (postgres !== undefined && !isRunning(postgres.pid)) {
        return new SidingError("SIDING_STORE_UNREACHABLE", "the embedded Postgres has ended");
      }
      // A container's process is not always one of this machine's; the relay notices that it is gone.
      const isProcess = kafka !== undefined && !kafka.dataDir.startsWith("container ");
      if (isProcess && !isRunning(kafka.pid)) {
        return new SidingError("SIDING_BROKER_UNREACHABLE", "the embedded Kafka has ended");
      }
      return null;
    },
    stop: async () => {
      await Promise.all([postgres?.stop(), kafka?.stop()]);
    },
  };
}

/** An own server with an embedded Kafka: in a database of its own there, dropped at the end. */
async function besideDatabase(databaseUrl: string, run: string, deployment: string): Promise<DevServices> {
  const name = `siding_dev_${run}`;
  const kafka = await startKafka();
  try {
    await onServer(databaseUrl, `create database ${name}`);
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    const services = temporary({ databaseUrl: url.href, kafkaBrokers: kafka.brokers, deployment }, { kafka });
    return {
      ...services,
      stop: async () => {
        await Promise.all([services.stop(), onServer(databaseUrl, `drop database if exists ${name} with (force)`)]);
      },
    };
  } catch (error) {
    await kafka.stop();
    throw error;
  }
}

async function onServer(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // said again by the query that it breaks
  try {
    await client.connect();
    await client.query(sql);
  } catch (error) {
    throw storeError(error, describeServer(databaseUrl));
  } finally {
    await client.end().catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Root's process, as Postgres' user may not signal it, runs all the same.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
