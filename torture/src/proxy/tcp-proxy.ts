import { connect, createServer, type Server, type Socket } from "node:net";
import { DelayedPipe } from "./delayed-pipe.js";

/** `mute`: what the client says arrives, and nothing that the server answers comes back. */
export type ProxyMode = "pass" | "delay" | "mute" | "refuse";

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** Stands between a client and a server on 127.0.0.1 and does to their connections what a bad network does. */
export class TcpProxy {
  #mode: ProxyMode = "pass";
  #delayMs = 0;
  readonly #links = new Set<Link>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open({ port, targetPort }: { port: number; targetPort: number }): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new TcpProxy(server);
    server.on("connection", (client) => proxy.#accept(client, targetPort));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host: "127.0.0.1" }, resolve);
    });
    return proxy;
  }

  /** The proxy's own ports towards the server: by them the server's side can be told from other clients. */
  get portsAtServer(): number[] {
    return [...this.#links].flatMap(({ server }) => server.localPort ?? []);
  }

  pass(): void {
    this.#mode = "pass";
  }

  /** Everything takes this much longer, each way, what is under way excepted. */
  delay(ms: number): void {
    this.#mode = "delay";
    this.#delayMs = ms;
  }

  /** A connection that was mute has lost bytes: it can only be cut. */
  mute(): void {
    this.#mode = "mute";
  }

  /** Cuts what is connected and takes no new connection. */
  refuse(): void {
    this.#mode = "refuse";
    this.cut();
  }

  /** Resets every connection, on both sides, as when a cable or a firewall's memory goes. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#links.clear();
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, targetPort: number): void {
    client.on("error", () => {});
    if (this.#mode === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    server.on("error", () => client.resetAndDestroy());
    const link = { client, server };
    this.#links.add(link);
    const requests = new DelayedPipe(server);
    const answers = new DelayedPipe(client);
    client.on("data", (chunk) => requests.push(chunk, this.#delay()));
    client.on("end", () => requests.push(null, this.#delay()));
    server.on("data", (chunk) => this.#mode !== "mute" && answers.push(chunk, this.#delay()));
    server.on("end", () => this.#mode !== "mute" && answers.push(null, this.#delay()));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on("close", (hadError) => {
        this.#links.delete(link);
        if (hadError) other.resetAndDestroy();
      });
    }
  }

  #delay(): number {
    return this.#mode === "delay" ? this.#delayMs : 0;
  }
}
