import { Counter, Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { formatListenAddress } from "../config/listen-address.js";
import { type Readiness, type RelayServer, type RelayServerOptions, startRelayServer } from "./relay-server.js";

const TOKEN = "sixteen-or-more-characters";
const READY: Readiness = { ready: true, shards: [{ shard: 0, state: "leading" }] };

const running: RelayServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(changes: Partial<RelayServerOptions> = {}) {
  const server = await startRelayServer({
    address: { host: "127.0.0.1", port: 0 },
    token: undefined,
    health: { ready: () => READY },
    registry: new Registry(),
    ...changes,
  });
  running.push(server);
  const base = `http://${formatListenAddress(server.address)}`;
  return { server, get: (path: string, init: RequestInit = {}) => fetch(`${base}${path}`, init) };
}

describe("the relay's server", () => {
  test("a relay that is alive says so", async () => {
    const { get } = await start();
    const response = await get("/healthz");
    expect([response.status, await response.json()]).toEqual([200, { status: "alive" }]);
  });

  test("readiness is answered anew each time, with the shards and why they are not ready", async () => {
    let readiness = READY;
    const { get } = await start({ health: { ready: () => readiness } });
    expect((await get("/readyz")).status).toBe(200);
    readiness = { ready: false, shards: [{ shard: 0, state: "recovering", detail: "asking Kafka" }] };
    const response = await get("/readyz");
    expect([response.status, await response.json()]).toEqual([503, readiness]);
  });

  test("metrics are served as Prometheus text", async () => {
    const registry = new Registry();
    new Counter({ name: "tried_total", help: "x", registers: [registry] }).inc(7);
    const { get } = await start({ registry });
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).toContain("tried_total 7");
  });

  test.each([{}, { authorization: "Bearer wrong-but-long-enough" }, { authorization: TOKEN }])(
    "with a token set, metrics and unknown paths are closed to %j",
    async (headers) => {
      const { get } = await start({ token: TOKEN });
      for (const path of ["/metrics", "/metrics/", "//metrics", "/nothing"]) {
        const response = await get(path, { headers });
        expect([path, response.status]).toEqual([path, 401]);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
      }
    },
  );

  test("with a token set, the probes stay open and the token opens the metrics", async () => {
    const { get } = await start({ token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
    expect((await get("/metrics", { headers })).status).toBe(200);
  });

  test("nothing but reading is answered", async () => {
    const { get } = await start();
    expect((await get("/metrics", { method: "POST", body: "x=1" })).status).toBe(404);
    expect((await get("/metrics", { method: "DELETE" })).status).toBe(404);
  });

  test("a fault inside is not told to the caller", async () => {
    const ready = (): Readiness => {
      throw new Error("password is hunter2");
    };
    const { get } = await start({ health: { ready } });
    const response = await get("/readyz");
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ status: 500, title: "The relay could not answer" });
  });
});

describe("where it may listen", () => {
  test("a port in use is named with its setting", async () => {
    const { server } = await start();
    await expect(start({ address: server.address })).rejects.toMatchObject({
      code: "SIDING_CONFIG_INVALID",
      message: `SIDING_HTTP is "127.0.0.1:${server.address.port}": another process listens there already`,
    });
  });

  test("an address of another machine is named with its setting", async () => {
    await expect(start({ address: { host: "192.0.2.1", port: 0 }, token: TOKEN })).rejects.toMatchObject({
      message: 'SIDING_HTTP is "192.0.2.1:0": this machine does not have that address',
    });
  });

  test("beyond loopback it does not start without a token", async () => {
    await expect(start({ address: { host: "0.0.0.0", port: 0 } })).rejects.toMatchObject({
      code: "SIDING_CONFIG_INVALID",
      message: expect.stringContaining("SIDING_HTTP_TOKEN"),
    });
    const { server } = await start({ address: { host: "0.0.0.0", port: 0 }, token: TOKEN });
    expect(server.address.port).toBeGreaterThan(0);
  });

  test("closing does not wait for connections that are kept alive", async () => {
    const { server, get } = await start();
    await (await get("/healthz")).text();
    await server.close();
    await expect(get("/healthz")).rejects.toThrow();
  });
});
