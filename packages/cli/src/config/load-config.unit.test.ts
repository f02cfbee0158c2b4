import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSidingError } from "@siding/core/errors.js";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EffectiveConfig, loadConfig, requireSetting } from "./load-config.js";
import { addConfigFlags } from "./read-flags.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "siding-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, content: string): void {
  writeFileSync(join(directory, name), content);
}

function load(environment: Record<string, string> = {}, args: readonly string[] = []): EffectiveConfig {
  const command = addConfigFlags(new Command()).exitOverride();
  command.parse(args, { from: "user" });
  return loadConfig({ options: command.opts(), environment, directory });
}

function refusal(environment: Record<string, string> = {}, args: readonly string[] = []): string {
  try {
    load(environment, args);
  } catch (error) {
    if (isSidingError(error) && error.code === "SIDING_CONFIG_INVALID") return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

const entry = (config: EffectiveConfig, key: string) => config.entries.find((candidate) => candidate.key === key);

describe("precedence", () => {
  test("with nothing set the documented defaults hold", () => {
    expect(load().values).toEqual({
      databaseUrl: undefined,
      kafkaBrokers: undefined,
      deployment: "default",
      shards: 4,
      http: { host: "127.0.0.1", port: 9464 },
      httpToken: undefined,
      adminHttp: { host: "127.0.0.1", port: 8080 },
      adminRate: 600,
      redact: undefined,
      adminUrl: undefined,
      adminToken: undefined,
      leaseMs: 5_000,
      batchEvents: 5_000,
      batchBytes: 8_388_608,
      maxAttempts: 5,
      retentionMs: 604_800_000,
      delivery: "exactly-once",
      tenantQuota: { events: 1_000, windowMs: 60_000 },
      logLevel: "info",
      kafka: {},
    });
  });

  test("a flag beats the environment, which beats the file, which beats the default", () => {
    write("siding.config.yaml", "leaseMs: 2000\nshards: 8\ndeployment: 01\n");
    const config = load({ SIDING_LEASE_MS: "3000", SIDING_SHARDS: "16" }, ["--lease-ms", "4000"]);
    expect(config.values).toMatchObject({ leaseMs: 4_000, shards: 16, deployment: "01", batchEvents: 5_000 });
    expect(entry(config, "SIDING_LEASE_MS")).toEqual({
      key: "SIDING_LEASE_MS",
      value: 4_000,
      source: { kind: "flag", flag: "--lease-ms" },
    });
    expect(entry(config, "SIDING_SHARDS")?.source).toEqual({ kind: "environment" });
    expect(entry(config, "SIDING_DEPLOYMENT")?.source).toEqual({ kind: "file", file: "siding.config.yaml" });
    expect(entry(config, "SIDING_BATCH_EVENTS")?.source).toEqual({ kind: "default" });
  });

  test("Kafka properties are merged one by one, under either of a property's names", () => {
    write(
      "siding.config.json",
      JSON.stringify({ kafka: { "queue.buffering.max.ms": 5, "statistics.interval.ms": 0 } }),
    );
    const environment = { SIDING_KAFKA__SECURITY_PROTOCOL: "SASL_SSL", SIDING_KAFKA__LINGER_MS: "6" };
    const config = load(environment, ["--kafka", "linger.ms=7", "--kafka", "sasl.password=a=b"]);
    expect(config.values.kafka).toEqual({
      "linger.ms": "7",
      "sasl.password": "a=b",
      "security.protocol": "SASL_SSL",
      "statistics.interval.ms": "0",
    });
    expect(entry(config, "SIDING_KAFKA__SASL_PASSWORD")?.value).toBe("****");
  });

  test("a value with a unit is shown as it was written", () => {
    const config = load({ SIDING_TENANT_QUOTA: "1000/60s", SIDING_RETENTION: "168h" });
    expect(entry(config, "SIDING_TENANT_QUOTA")?.value).toBe("1000/60s");
    expect(entry(config, "SIDING_RETENTION")?.value).toBe("168h");
    expect(config.values.retentionMs).toBe(604_800_000);
  });
});

describe("the environment", () => {
  test("a bad value is named with its source and what is allowed", () => {
    expect(refusal({ SIDING_LEASE_MS: "5s" })).toBe(
      'SIDING_LEASE_MS is "5s" (from the environment): expected a whole number of milliseconds from 1000 to 600000',
    );
  });

  test.each([
    ["SIDING_LEASE_MS", "999"],
    ["SIDING_LEASE_MS", ""],
    ["SIDING_SHARDS", "0"],
    ["SIDING_SHARDS", "4.0"],
    ["SIDING_HTTP", ":9464"],
    ["SIDING_BATCH_BYTES", "8GB"],
    ["SIDING_RETENTION", "7"],
    ["SIDING_DELIVERY", "Exactly-Once"],
    ["SIDING_TENANT_QUOTA", "1000"],
    ["SIDING_DEPLOYMENT", "a b"],
    ["SIDING_LOG_LEVEL", "verbose"],
    ["KAFKA_BROKERS", "kafka"],
    ["DATABASE_URL", "db"],
  ])("%s=%j is refused by name", (name, text) => {
    expect(refusal({ [name]: text })).toMatch(new RegExp(`^${name} is ".*" \\(from the environment\\): expected `));
  });

  test.each([
    ["SIDING_LEESE_MS", "SIDING_LEASE_MS"],
    ["SIDING_BATCH_BYTE", "SIDING_BATCH_BYTES"],
    ["SIDING_KAFKA_SECURITY_PROTOCOL", "SIDING_KAFKA__SECURITY_PROTOCOL"],
    ["SIDING_KAFKA__security.protocol", "SIDING_KAFKA__SECURITY_PROTOCOL"],
  ])("the unknown %s is refused, and %s is suggested", (name, suggestion) => {
    expect(refusal({ [name]: "9464" })).toBe(
      `${name} (from the environment) is not a known variable: did you mean ${suggestion}?`,
    );
  });

  test("what others put beside Siding's variables is left alone", () => {
    const environment = {
      PATH: "/bin",
      SIDING_CACHE_DIR: "/var/cache/siding",
      SIDING_TEST_POSTGRES: "x",
      SIDING_ADMIN_SERVICE_HOST: "10.0.0.7",
      SIDING_ADMIN_SERVICE_PORT: "8080",
      SIDING_ADMIN_SERVICE_PORT_HTTP: "8080",
      SIDING_ADMIN_PORT: "tcp://10.0.0.7:8080",
      SIDING_ADMIN_PORT_8080_TCP: "tcp://10.0.0.7:8080",
      SIDING_ADMIN_PORT_8080_TCP_ADDR: "10.0.0.7",
    };
    expect(() => load(environment)).not.toThrow();
  });

  test("a port under the name of a Service's variable is still a slip", () => {
    expect(refusal({ SIDING_HTTP_PORT: "9464" })).toMatch(/^SIDING_HTTP_PORT .* is not a known variable/);
  });

  test("all problems are told at once", () => {
    const message = refusal({ SIDING_LEASE_MS: "x", SIDING_SHARDS: "y" }, ["--batch-events", "z"]);
    expect(message).toMatch(
      /SIDING_SHARDS is "y".*SIDING_LEASE_MS is "x".*--batch-events is "z" \(from the command line\)/,
    );
  });

  test("a property that Siding must own is refused with the reason", () => {
    expect(refusal({ SIDING_KAFKA__TRANSACTIONAL_ID: "mine" })).toBe(
      'SIDING_KAFKA__TRANSACTIONAL_ID is "mine" (from the environment): not to be set: Siding names it after deployment and shard: it is what fences a relay that was replaced',
    );
  });
});

describe("the file", () => {
  test("two files side by side are refused", () => {
    write("siding.config.json", "{}");
    write("siding.config.yaml", "");
    expect(refusal()).toContain("siding.config.json and siding.config.yaml stand side by side");
    expect(() => load({}, ["--config", "siding.config.json"])).not.toThrow();
  });

  test("--config names the file, and it must be there", () => {
    write("other.yaml", "shards: 2");
    expect(load({}, ["--config", "other.yaml"]).values.shards).toBe(2);
    expect(refusal({}, ["--config", "none.yaml"])).toMatch(/none\.yaml cannot be read \(ENOENT\)$/);
    expect(refusal({}, ["--config", "other.toml"])).toContain("expected a file that ends in .json or .yaml");
  });

  test("a file under the name that is not read is not passed over in silence", () => {
    write("siding.config.yml", "shards: 2");
    expect(refusal()).toBe("siding.config.yml is not read: name it siding.config.yaml");
  });

  test.each([
    ["leeseMs: 5", "leeseMs (from siding.config.yaml) is not a known key: did you mean leaseMs?"],
    ["SIDING_LEASE_MS: 5000", "SIDING_LEASE_MS (from siding.config.yaml) is not a known key: did you mean leaseMs?"],
    ["__proto__: 5", "__proto__ (from siding.config.yaml) is not a known key: the keys are databaseUrl, "],
    ["leaseMs: 5s", 'leaseMs is "5s" (from siding.config.yaml): expected a whole number of milliseconds'],
    ["leaseMs: [5000]", "leaseMs (from siding.config.yaml) is a list: expected a whole number of milliseconds"],
    ["kafka: linger", "kafka (from siding.config.yaml) is a single value: expected a map"],
    ["kafka: {acks: {a: 1}}", 'kafka."acks" (from siding.config.yaml) is a map: expected text'],
    ["kafka: {acks: 1}", 'kafka."acks" is "1" (from siding.config.yaml): only all is allowed'],
    ["- shards", "holds a list: expected a map"],
    ["shards: 1\nshards: 2", "is not YAML: DUPLICATE_KEY at line 2"],
  ])("%j is refused", (content, message) => {
    write("siding.config.yaml", content);
    expect(refusal()).toContain(message);
  });

  test("one property under two names in one file is refused", () => {
    write("siding.config.json", '{"kafka": {"linger.ms": 5, "queue.buffering.max.ms": 6}}');
    expect(refusal()).toContain("set the same property linger.ms: keep one");
  });

  test.each(["", "# all defaults\n"])("a file that says nothing (%j) is no fault", (content) => {
    write("siding.config.yaml", content);
    expect(load().values.shards).toBe(4);
  });

  test.each([
    ["siding.config.json", '{"databaseUrl": "postgres://a:hunter2@db/o", oops}'],
    ["siding.config.yaml", 'databaseUrl: "postgres://a:hunter2@db/o" oops\n  x: : y'],
  ])("a malformed %s is refused without quoting what is in it", (name, content) => {
    write(name, content);
    const message = refusal();
    expect(message).toMatch(/is not (JSON|YAML)/);
    expect(message).not.toContain("hunter2");
  });
});

describe("secrets", () => {
  const environment = {
    DATABASE_URL: "postgres://app:hunter2@db/orders",
    SIDING_HTTP_TOKEN: "hunter2hunter2hunter2",
    SIDING_KAFKA__SASL_PASSWORD: "hunter2",
    SIDING_KAFKA__SSL_KEY_PEM: "hunter2",
  };

  test("none is shown among the values in force", () => {
    const config = load(environment);
    expect(JSON.stringify(config.entries)).not.toContain("hunter2");
    expect(entry(config, "DATABASE_URL")?.value).toBe("postgres://app:****@db/orders");
    expect(config.values.databaseUrl).toBe(environment.DATABASE_URL);
  });

  test.each([
    ["DATABASE_URL", "postgres://app:hunter2#@db"],
    ["DATABASE_URL", "host=db password=hunter2"],
    ["SIDING_HTTP_TOKEN", "hunter2"],
    ["SIDING_KAFKA__SASL_PASSWORD_", "hunter2"],
    ["SIDING_KAFKA_SASL_PASSWORD", "hunter2"],
  ])("none is shown when %s is refused", (name, text) => {
    expect(refusal({ [name]: text })).not.toContain("hunter2");
  });

  test("a --kafka flag without a value is not quoted", () => {
    expect(refusal({}, ["--kafka", "sasl.password:hunter2"])).not.toContain("hunter2");
  });
});

describe("what a command asks for", () => {
  test("nothing listens beyond loopback without a token", () => {
    expect(refusal({ SIDING_HTTP: "0.0.0.0:9464" })).toMatch(
      /^SIDING_HTTP is "0\.0\.0\.0:9464".*needs SIDING_HTTP_TOKEN/,
    );
    const token = "sixteen-or-more-characters";
    expect(load({ SIDING_HTTP: "0.0.0.0:9464", SIDING_HTTP_TOKEN: token }).values.httpToken).toBe(token);
  });

  test("a setting that is needed and not set is named with every place where it can be set", () => {
    const { values } = load({ DATABASE_URL: "postgres://db/orders" });
    expect(requireSetting(values, "databaseUrl")).toBe("postgres://db/orders");
    expect(() => requireSetting(values, "kafkaBrokers")).toThrow(
      "KAFKA_BROKERS is not set: expected host:port, several separated by commas, in the environment, as --kafka-brokers or as kafkaBrokers in siding.config.yaml",
    );
  });
});
