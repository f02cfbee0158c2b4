import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "@siding/embedded/free-ports.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TcpProxy } from "./tcp-proxy.js";

/** Answers every chunk with itself, and keeps what it was sent. */
class Echo {
  heard = "";
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        this.heard += chunk;
        socket.write(chunk);
      });
    });
  }

  static async start(): Promise<Echo> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Echo(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the proxy", () => {
  let echo: Echo;
  let proxy: TcpProxy;
  let port: number;
  beforeEach(async () => {
    echo = await Echo.start();
    [port] = (await freePorts(1)) as [number];
    proxy = await TcpProxy.open({ port, targetPort: echo.port });
  });
  afterEach(async () => {
    await proxy.close();
    echo.stop();
  });

  async function client(): Promise<{ socket: Socket; heard: () => string; closed: Promise<unknown> }> {
    const socket = connect({ port, host: "127.0.0.1" });
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    return { socket, heard: () => heard, closed };
  }

  test("passes what is said, both ways, and knows its ports at the server", async () => {
    const { socket, heard } = await client();
    socket.write("hello");
    await until(() => heard() === "hello");
    expect(proxy.portsAtServer).toHaveLength(1);
    socket.end();
    await until(() => proxy.portsAtServer.length === 0);
  });

  test("mute, lets requests through and no answer back", async () => {
    const { socket, heard, closed } = await client();
    socket.write("a");
    await until(() => heard() === "a");
    proxy.mute();
    socket.write("b");
    await until(() => echo.heard === "ab");
    proxy.cut();
    await closed;
    expect(heard()).toBe("a");
  });

  test("slow, keeps the order of what it delays and of what comes after", async () => {
    const { socket, heard } = await client();
    proxy.delay(40);
    const beganMs = performance.now();
    socket.write("a");
    await until(() => proxy.portsAtServer.length === 1);
    socket.write("b");
    await new Promise((resolve) => setTimeout(resolve, 10));
    proxy.pass();
    socket.write("c");
    await until(() => heard().length === 3);
    expect(heard()).toBe("abc");
    expect(performance.now() - beganMs).toBeGreaterThan(35);
  });

  test("cut, ends what is connected; the next connection is served", async () => {
    const first = await client();
    first.socket.write("a");
    await until(() => first.heard() === "a");
    proxy.cut();
    await first.closed;
    const second = await client();
    second.socket.write("b");
    await until(() => second.heard() === "b");
    second.socket.destroy();
  });

  test("refusing, takes nobody in", async () => {
    proxy.refuse();
    const { closed } = await client();
    await closed;
    expect(echo.heard).toBe("");
  });
});
