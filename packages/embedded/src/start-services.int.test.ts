import { afterEach, expect, test, vi } from "vitest";
import { startServices } from "./start-services.js";

afterEach(() => vi.unstubAllEnvs());

test("services named by the environment are used, and nothing is started", async () => {
  vi.stubEnv("DATABASE_URL", "postgres://somewhere/else");
  vi.stubEnv("KAFKA_BROKERS", "one:9092,two:9092");
  const services = await startServices();
  expect(services).toMatchObject({
    databaseUrl: "postgres://somewhere/else",
    kafkaBrokers: "one:9092,two:9092",
    postgres: undefined,
    kafka: undefined,
  });
  await services.stop();
});

test("when one cannot start, the other does not stay", async () => {
  vi.stubEnv("DATABASE_URL", "");
  vi.stubEnv("KAFKA_BROKERS", "");
  const failed = startServices({ kafka: { properties: { "num.network.threads": 0 } } });
  await expect(failed).rejects.toThrow("num.network.threads");
});
