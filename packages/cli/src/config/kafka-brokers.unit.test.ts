import { describe, expect, test } from "vitest";
import { parseKafkaBrokers } from "./kafka-brokers.js";

describe("Kafka brokers", () => {
  test("several brokers are separated by commas, blanks beside them are no matter", () => {
    expect(parseKafkaBrokers("kafka-1:9092, kafka_2.example:9093,[::1]:9094")).toEqual({
      kind: "brokers",
      brokers: ["kafka-1:9092", "kafka_2.example:9093", "[::1]:9094"],
    });
  });

  test.each(["", "kafka", "kafka:", "kafka:0", "kafka:70000", "kafka:9092,", "a:1 b:2", ":9092", "kafka:9092/path"])(
    "%j is refused",
    (text) => {
      expect(parseKafkaBrokers(text)).toMatchObject({ kind: "refused", why: expect.stringContaining("host:port") });
    },
  );

  test.each(["http://kafka:9092", "https://kafka:9092/", "kafka:9092,HTTP://other:1"])(
    "the web address %s gets its own answer",
    (text) => {
      expect(parseKafkaBrokers(text)).toMatchObject({ why: expect.stringContaining("not at a URL") });
    },
  );

  test("a listener's protocol prefix is answered with the setting that chooses the protocol", () => {
    expect(parseKafkaBrokers("SASL_SSL://kafka:9093")).toMatchObject({
      why: expect.stringContaining("SIDING_KAFKA__SECURITY_PROTOCOL"),
    });
  });
});
