import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatListenAddress, isLoopbackHost, parseListenAddress } from "./listen-address.js";

describe("listen addresses", () => {
  test.each([
    ["127.0.0.1:9464", { host: "127.0.0.1", port: 9464 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["[::1]:9464", { host: "::1", port: 9464 }],
    ["relay-0.siding:9464", { host: "relay-0.siding", port: 9464 }],
  ])("%s is understood", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  test.each([
    "",
    ":9464",
    "9464",
    "127.0.0.1",
    "127.0.0.1:65536",
    "127.0.0.1:x",
    "::1:9464",
    "[127.0.0.1]:1",
    "127.0.1:80",
    "http://127.0.0.1:80",
  ])("%j is refused", (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });

  test("what is printed reads back as the same address", () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(fc.record({ host, port: fc.integer({ min: 0, max: 65_535 }) }), (address) => {
        expect(parseListenAddress(formatListenAddress(address))).toEqual(address);
      }),
    );
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST"])(
    "%s is loopback",
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  test.each(["0.0.0.0", "::", "10.0.0.7", "128.0.0.1", "example.org", "localhost.example.org"])(
    "%s is beyond loopback",
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});
