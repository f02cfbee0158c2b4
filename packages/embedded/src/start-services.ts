import { type KafkaOptions, type RunningKafka, startKafka } from "./start-kafka.js";
import { type PostgresOptions, type RunningPostgres, startPostgres } from "./start-postgres.js";

export interface ServicesOptions {
  readonly postgres?: PostgresOptions;
  readonly kafka?: KafkaOptions;
}

export interface RunningServices {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  /** Undefined where DATABASE_URL named a database to use instead. */
  readonly postgres: RunningPostgres | undefined;
  /** Undefined where KAFKA_BROKERS named brokers to use instead. */
  readonly kafka: RunningKafka | undefined;
  /** Ends what was started here, and nothing else. */
  stop(): Promise<void>;
}

/** A database and a broker to work with: those that DATABASE_URL and KAFKA_BROKERS name, else embedded ones. */
export async function startServices(options: ServicesOptions = {}): Promise<RunningServices> {
  const { DATABASE_URL, KAFKA_BROKERS } = process.env;
  const [postgres, kafka] = await Promise.allSettled([
    DATABASE_URL ? undefined : startPostgres(options.postgres),
    KAFKA_BROKERS ? undefined : startKafka(options.kafka),
  ]);
  const stop = async () => {
    const started = [postgres, kafka].flatMap((result) => (result.status === "fulfilled" ? (result.value ?? []) : []));
    await Promise.all(started.map((service) => service.stop()));
  };
  if (postgres.status === "rejected" || kafka.status === "rejected") {
    await stop();
    throw postgres.status === "rejected" ? postgres.reason : (kafka as PromiseRejectedResult).reason;
  }
  return {
    databaseUrl: DATABASE_URL || postgres.value!.url,
    kafkaBrokers: KAFKA_BROKERS || kafka.value!.brokers,
    postgres: postgres.value,
    kafka: kafka.value,
    stop,
  };
}
