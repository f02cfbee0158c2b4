import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { wireSettings } from "./wire-settings.js";

const SASL = { "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p" };

describe("the operator's client properties, for a connection of our own", () => {
  test("without any: neither TLS nor a password, and snappy", () => {
    expect(wireSettings({})).toMatchObject({ security: { tls: null, sasl: null }, compression: { attribute: 2 } });
  });

  test("records that may be larger change nothing: large ones go the other way", () => {
    expect(wireSettings({ "message.max.bytes": "8000000" })).not.toBeNull();
  });

  test.each([
    ["plaintext", false, false],
    ["SSL", true, false],
    ["sasl_plaintext", false, true],
    ["SASL_SSL", true, true],
  ])("security.protocol %s", (protocol, isTls, isSasl) => {
    const { security } = wireSettings({ ...SASL, "security.protocol": protocol, "ssl.ca.pem": "the ca" })!;
    expect([security.tls !== null, security.sasl !== null]).toEqual([isTls, isSasl]);
  });

  test("certificates and keys, as text or as files", () => {
    const file = join(mkdtempSync(join(tmpdir(), "siding-pem-")), "key.pem");
    writeFileSync(file, "the key");
    const { security } = wireSettings({
      ...{ "security.protocol": "ssl", "ssl.ca.pem": "the ca", "ssl.key.location": file, "ssl.key.password": "x" },
      "ssl.certificate.pem": "the certificate",
    })!;
    expect(security.tls).toEqual({
      rejectUnauthorized: true,
      ca: "the ca",
      cert: "the certificate",
      key: "the key",
      passphrase: "x",
    });
  });

  test.each([
    ["what the connection does not know", { "linger.ms": "1" }],
    ["a certificate that is not to be checked", { "enable.ssl.certificate.verification": "false" }],
    ["another mechanism", { ...SASL, "security.protocol": "sasl_ssl", "sasl.mechanism": "GSSAPI" }],
    ["no password", { "security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN", "sasl.username": "u" }],
    ["no word on who is trusted", { "security.protocol": "ssl" }],
    ["another protocol", { "security.protocol": "quic" }],
    ["a compression that is not ours", { "compression.type": "zstd" }],
    ["records that are to be smaller", { "message.max.bytes": "100000" }],
    ["a file that is not there", { "security.protocol": "ssl", "ssl.ca.location": "/nowhere/ca.pem" }],
  ])("%s leaves everything to the client", (_what, properties) => {
    expect(wireSettings(properties)).toBeNull();
  });
});
