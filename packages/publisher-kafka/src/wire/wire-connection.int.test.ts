import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Api, WireConnection } from "./wire-connection.js";
import { accept, BrokerRefusal, ConnectionLost } from "./wire-error.js";

/** Asks for a number, and is answered one. */
const ECHO: Api<number, number> = {
  name: "Echo",
  key: 99,
  version: 1,
  isFlexible: true,
  write: (writer, value) => void writer.int32(value).tags(),
  read: (reader) => {
    const value = reader.int32();
    accept("echoing", value < 0 ? -value : 0);
    return value;
  },
};

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server?.close();
});

/** A broker that is told each request, without its length, and how to answer. */
async function connectTo(serve: (request: Buffer, socket: Socket) => void, timeoutMs = 2_000): Promise<WireConnection> {
  server = createServer((socket) => {
    sockets.push(socket);
    let received = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 4 && received.length >= received.readInt32BE(0) + 4) {
        const end = received.readInt32BE(0) + 4;
        serve(received.subarray(4, end), socket);
        received = received.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const security = { tls: null, sasl: null };
  return await WireConnection.open({ host: "127.0.0.1", port }, { clientId: "test", security, timeoutMs });
}

const correlationOf = (request: Buffer): number => request.readInt32BE(4);

function answer(correlationId: number, value: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeInt32BE(9, 0);
  bytes.writeInt32BE(correlationId, 4);
  bytes.writeInt32BE(value, 9);
  return bytes;
}

const echo = (request: Buffer): Buffer => answer(correlationOf(request), request.readInt32BE(request.length - 5));

describe("a connection to a broker", () => {
  test("matches answers to requests that are under way together, however the bytes come", async () => {
    const connection = await connectTo((request, socket) => {
      for (const byte of echo(request)) socket.write(Buffer.from([byte]));
    });
    expect(await Promise.all([1, 2, 3].map((value) => connection.ask(ECHO, value)))).toEqual([1, 2, 3]);
    connection.close();
  });

  test("goes on after a refusal, which says its name", async () => {
    const connection = await connectTo((request, socket) => socket.write(echo(request)));
    const refused = connection.ask(ECHO, -47);
    await expect(refused).rejects.toBeInstanceOf(BrokerRefusal);
    await expect(refused).rejects.toMatchObject({ code: 47, message: "echoing: INVALID_PRODUCER_EPOCH (47)" });
    expect(await connection.ask(ECHO, 5)).toBe(5);
    connection.close();
  });

  test.each([
    ["is closed", (_request: Buffer, socket: Socket) => socket.destroy(), /closed|ECONNRESET/],
    ["says nothing", () => {}, /no answer to Echo in time/],
    [
      "answers what nobody asked for",
      (request: Buffer, socket: Socket) => socket.write(answer(correlationOf(request) + 1, 0)),
      /nobody asked for/,
    ],
    [
      "announces what no broker would send",
      (_request: Buffer, socket: Socket) => socket.write(Buffer.from("7fffffff", "hex")),
      /an answer of 2147483647 bytes/,
    ],
    [
      "sends less than it should",
      (request: Buffer, socket: Socket) => {
        const bytes = answer(correlationOf(request), 0).subarray(0, 10);
        bytes.writeInt32BE(6, 0);
        socket.write(bytes);
      },
      /an answer to Echo that cannot be read/,
    ],
  ])("that %s ends, and everybody who waits is told", async (_what, serve, why) => {
    const connection = await connectTo(serve, 300);
    const asked = [connection.ask(ECHO, 1), connection.ask(ECHO, 2)];
    for (const each of await Promise.allSettled(asked)) {
      expect(each).toMatchObject({ status: "rejected" });
      expect((each as PromiseRejectedResult).reason.message).toMatch(why);
    }
    expect(connection.isGood).toBe(false);
    await expect(connection.ask(ECHO, 3)).rejects.toBeInstanceOf(ConnectionLost);
  });

  test("that nobody accepts is said where", async () => {
    const connection = await connectTo(() => {});
    const { port } = server!.address() as { port: number };
    connection.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server!.close(resolve));
    const options = { clientId: "test", security: { tls: null, sasl: null }, timeoutMs: 1_000 };
    await expect(WireConnection.open({ host: "127.0.0.1", port }, options)).rejects.toThrow(
      new RegExp(`127.0.0.1:${port}: .*ECONNREFUSED`),
    );
  });
});
