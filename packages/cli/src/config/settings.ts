import {
  byteSize,
  databaseUrl,
  duration,
  httpUrl,
  kafkaBrokers,
  listenAddress,
  matching,
  oneOf,
  redactions,
  secret,
  tenantQuota,
  type ValueKind,
  wholeNumber,
} from "./value-kind.js";

/** One key of the configuration under its three names. */
interface Names {
  readonly environment: string;
  readonly file: string;
  /** Its flag, where that is not the file's name in kebab-case. */
  readonly flag?: string;
  /** One line for help and docs, without a full stop. */
  readonly summary: string;
}

export interface RequiredSetting<T> extends Names {
  readonly kind: ValueKind<T>;
  /** In the form that an operator would write, so that it is parsed and shown like any other value. */
  readonly default: string;
}

export interface OptionalSetting<T> extends Names {
  readonly kind: ValueKind<T>;
  readonly default: undefined;
}

const setting = <T>(kind: ValueKind<T>, fallback: string, names: Names): RequiredSetting<T> => ({
  ...names,
  kind,
  default: fallback,
});

const optional = <T>(kind: ValueKind<T>, names: Names): OptionalSetting<T> => ({ ...names, kind, default: undefined });

/** Every key there is, in the order in which it is shown. Flags, environment, file, help and printing all read this. */
export const SETTINGS = {
  databaseUrl: optional(databaseUrl, {
    environment: "DATABASE_URL",
    file: "databaseUrl",
    summary: "the Postgres database that holds the outbox",
  }),
  kafkaBrokers: optional(kafkaBrokers, {
    environment: "KAFKA_BROKERS",
    file: "kafkaBrokers",
    summary: "Kafka brokers to start from",
  }),
  deployment: setting(
    matching(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 letters, digits, dots, dashes or underscores"),
    "default",
    {
      environment: "SIDING_DEPLOYMENT",
      file: "deployment",
      summary: "names this deployment's transactional ids and consumer group",
    },
  ),
  shards: setting(wholeNumber("shards", { min: 1, max: 1_024 }), "4", {
    environment: "SIDING_SHARDS",
    file: "shards",
    summary: "how many shards the first migration makes; later it is fixed",
  }),
  http: setting(listenAddress, "127.0.0.1:9464", {
    environment: "SIDING_HTTP",
    file: "http",
    summary: "where the relay serves health and metrics; beyond loopback it needs SIDING_HTTP_TOKEN",
  }),
  httpToken: optional(secret(/^[\x21-\x7e]{16,512}$/, "16 to 512 printable characters without blanks"), {
    environment: "SIDING_HTTP_TOKEN",
    file: "httpToken",
    summary: "Bearer token that the relay's /metrics asks for",
  }),
  adminHttp: setting(listenAddress, "127.0.0.1:8080", {
    environment: "SIDING_ADMIN_HTTP",
    file: "adminHttp",
    summary: "where the admin API and the dashboard are served",
  }),
  adminRate: setting(wholeNumber("requests", { min: 1, max: 1_000_000 }), "600", {
    environment: "SIDING_ADMIN_RATE",
    file: "adminRate",
    summary: "requests a minute that the admin API takes from one token",
  }),
  redact: optional(redactions, {
    environment: "SIDING_REDACT",
    file: "redact",
    summary: "what of payloads the admin API shows to nobody",
  }),
  adminUrl: optional(httpUrl, {
    environment: "SIDING_ADMIN_URL",
    file: "adminUrl",
    flag: "url",
    summary: "the admin API that commands ask in place of Postgres, unless --database-url is given",
  }),
  adminToken: optional(secret(/^siding_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/, "a token as siding tokens create shows it"), {
    environment: "SIDING_ADMIN_TOKEN",
    file: "adminToken",
    flag: "token",
    summary: "the token for that admin API",
  }),
  leaseMs: setting(wholeNumber("milliseconds", { min: 1_000, max: 600_000 }), "5000", {
    environment: "SIDING_LEASE_MS",
    file: "leaseMs",
    summary: "how long a silent relay keeps its shards before another takes them over",
  }),
  batchEvents: setting(wholeNumber("events", { min: 1, max: 100_000 }), "5000", {
    environment: "SIDING_BATCH_EVENTS",
    file: "batchEvents",
    summary: "events in one Kafka transaction at most",
  }),
  batchBytes: setting(byteSize({ min: 65_536, max: 268_435_456 }), "8MiB", {
    environment: "SIDING_BATCH_BYTES",
    file: "batchBytes",
    summary: "bytes in one Kafka transaction at most",
  }),
  maxAttempts: setting(wholeNumber("attempts", { min: 1, max: 100 }), "5", {
    environment: "SIDING_MAX_ATTEMPTS",
    file: "maxAttempts",
    summary: "attempts that an event gets before it is a dead letter",
  }),
  retentionMs: setting(duration({ min: 1_000, max: 3_650 * 86_400_000 }), "7d", {
    environment: "SIDING_RETENTION",
    file: "retention",
    summary: "how long a published event is kept in Postgres",
  }),
  delivery: setting(oneOf(["exactly-once", "at-least-once"]), "exactly-once", {
    environment: "SIDING_DELIVERY",
    file: "delivery",
    summary: "at-least-once is for brokers without transactions",
  }),
  tenantQuota: setting(tenantQuota, "1000/60s", {
    environment: "SIDING_TENANT_QUOTA",
    file: "tenantQuota",
    summary: "what each tenant but `default` may send in a window",
  }),
  logLevel: setting(oneOf(["trace", "debug", "info", "warn", "error"]), "info", {
    environment: "SIDING_LOG_LEVEL",
    file: "logLevel",
    summary: "the least important line that is logged",
  }),
} as const;

type ValueOf<S> = S extends RequiredSetting<infer T> ? T : S extends OptionalSetting<infer T> ? T | undefined : never;

export type SettingId = keyof typeof SETTINGS;

/** The values in force. Times are in milliseconds, sizes in bytes. */
export type SidingConfig = { readonly [K in SettingId]: ValueOf<(typeof SETTINGS)[K]> } & {
  /** Properties of the Kafka client from the operator, dotted name to text. */
  readonly kafka: Readonly<Record<string, string>>;
};

/** Settings that may be absent; see `requireSetting` in load-config.ts. */
export type OptionalSettingId = {
  [K in SettingId]: (typeof SETTINGS)[K] extends OptionalSetting<unknown> ? K : never;
}[SettingId];

export const SETTING_IDS = Object.keys(SETTINGS) as readonly SettingId[];

/** `leaseMs` in the file is `--lease-ms` on the command line. */
export function flagOf(id: SettingId): string {
  const { flag, file }: Names = SETTINGS[id];
  return `--${flag ?? file.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Kafka client properties: a map in the file, a repeatable flag, and one variable each. */
export const KAFKA_PROPERTIES = {
  environmentPrefix: "SIDING_KAFKA__",
  file: "kafka",
  flag: "--kafka",
  summary: "any property of the Kafka client, as property=value; may be repeated",
} as const;
