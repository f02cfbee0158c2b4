import { describe, expect, test } from "vitest";
import { isSecretKafkaProperty, parseKafkaProperty } from "./kafka-properties.js";

describe("Kafka client properties", () => {
  test.each([
    ["security.protocol", "SASL_SSL"],
    ["client.id", "billing"],
    ["enable.idempotence", "true"],
    ["acks", "all"],
    ["acks", "-1"],
    ["max.in.flight", "1"],
  ])("%s=%s is the operator's to set", (name, text) => {
    expect(parseKafkaProperty(name, text)).toEqual({ kind: "property", name });
  });

  test.each([
    ["transactional.id", "x"],
    ["bootstrap.servers", "kafka:9092"],
    ["metadata.broker.list", "kafka:9092"],
    ["group.id", "x"],
    ["isolation.level", "read_uncommitted"],
    ["enable.auto.commit", "true"],
    ["auto.commit.enable", "true"],
    ["dr_cb", "true"],
    ["dr.cb", "true"],
    ["dr_msg_cb", "true"],
    ["enable.idempotence", "false"],
    ["acks", "1"],
    ["request.required.acks", "0"],
    ["max.in.flight.requests.per.connection", "6"],
  ])("%s=%s is refused with the reason", (name, text) => {
    expect(parseKafkaProperty(name, text)).toMatchObject({ kind: "refused", why: expect.stringMatching(/: .{10}/) });
  });

  test.each(["", "Security.Protocol", ".x", "x.", "x..y", "a b", "__proto__", "x=y"])(
    "the name %j is refused",
    (name) => {
      expect(parseKafkaProperty(name, "1").kind).toBe("refused");
    },
  );

  test("two names of one property become one", () => {
    expect(parseKafkaProperty("queue.buffering.max.ms", "5")).toEqual(parseKafkaProperty("linger.ms", "5"));
    expect(parseKafkaProperty("log.level", "7")).toEqual(parseKafkaProperty("log_level", "7"));
  });

  test.each([
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.jaas.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "ssl_key_pem",
  ])("the value of %s is a secret", (name) => {
    expect(isSecretKafkaProperty(name)).toBe(true);
  });

  test.each(["security.protocol", "sasl.username", "ssl.ca.pem", "linger.ms"])(
    "the value of %s may be shown",
    (name) => {
      expect(isSecretKafkaProperty(name)).toBe(false);
    },
  );
});
