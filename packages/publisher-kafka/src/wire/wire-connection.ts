import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ByteReader } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { authenticate } from "./sasl.js";
import { ConnectionLost } from "./wire-error.js";
import type { WireSecurity } from "./wire-settings.js";

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionOptions {
  readonly clientId: string;
  readonly security: WireSecurity;
  /** For connecting, and for each answer; what takes longer ends the connection. */
  readonly timeoutMs: number;
}

/** One of Kafka's requests in one version (Kafka protocol guide, "The Messages"). */
export interface Api<Request, Answer> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** Whether the headers are those of flexible versions (KIP-482). */
  readonly isFlexible: boolean;
  write(writer: ByteWriter, request: Request): void;
  /** @throws BrokerRefusal where the broker says no, RangeError for an answer that cannot be read */
  read(reader: ByteReader): Answer;
}

interface Pending {
  readonly correlationId: number;
  readonly timer: NodeJS.Timeout;
  answer(bytes: Buffer): void;
  lose(error: ConnectionLost): void;
}

/** What was idle for longer may have been dropped on the way without a word: it is made anew before it is used. */
const IDLE_MAX_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;
/** What a broker may send at once: answers to a producer are small. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * A connection to one broker. Answers come in the order of the requests. It ends with the first thing that goes wrong, and
 * whoever waits for an answer is told so; nothing is sent twice.
 */
export class WireConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #place: string;
  readonly #pending: Pending[] = [];
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #correlationId = 0;
  #usedAtMs = performance.now();
  #lost: ConnectionLost | null = null;
  /** When the broker wants to see the password again, on the monotonic clock (KIP-368). */
  #expiresAtMs = Number.POSITIVE_INFINITY;

  private constructor(socket: Socket, { host, port }: BrokerAddress, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#place = `${host}:${port}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", () => this.#end("the connection was closed"));
  }

  /** Connects and signs in. @throws ConnectionLost, BrokerRefusal where it is not let in */
  static async open(address: BrokerAddress, options: ConnectionOptions): Promise<WireConnection> {
    const socket = await connected(address, options);
    const connection = new WireConnection(socket, address, options);
    try {
      const { sasl } = options.security;
      if (sasl !== null) connection.#expiresAtMs = await authenticate(connection, sasl);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Whether something more may be asked. */
  get isGood(): boolean {
    const now = performance.now();
    return this.#lost === null && now < this.#expiresAtMs && now - this.#usedAtMs < IDLE_MAX_MS;
  }

  /** @throws ConnectionLost, BrokerRefusal */
  ask<Request, Answer>(api: Api<Request, Answer>, request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost);
      const correlationId = ++this.#correlationId;
      const bytes = this.#encode(api, request, correlationId);
      this.#usedAtMs = performance.now();
      const timer = setTimeout(() => this.#end(`no answer to ${api.name} in time`), this.#options.timeoutMs);
      this.#pending.push({
        correlationId,
        timer,
        lose: reject,
        answer: (received) => {
          try {
            const reader = new ByteReader(received);
            reader.int32();
            if (api.isFlexible) reader.tags();
            resolve(api.read(reader));
          } catch (error) {
            if (error instanceof RangeError) this.#end(`an answer to ${api.name} that cannot be read`);
            reject(this.#lost ?? error);
          }
        },
      });
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#end("closed");
  }

  #encode<Request>(api: Api<Request, unknown>, request: Request, correlationId: number): Buffer {
    const writer = new ByteWriter();
    writer.int32(0).int16(api.key).int16(api.version).int32(correlationId).plainString(this.#options.clientId);
    if (api.isFlexible) writer.tags();
    api.write(writer, request);
    writer.patchInt32(0, writer.length - 4);
    return writer.done();
  }

  #receive(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    while (this.#receivedBytes >= 4 && this.#lost === null) {
      const all = this.#received.length === 1 ? this.#received[0]! : Buffer.concat(this.#received);
      this.#received = [all];
      const size = all.readInt32BE(0);
      if (size < 4 || size > ANSWER_BYTES_MAX) this.#end(`an answer of ${size} bytes`);
      if (this.#lost !== null || all.length < size + 4) return;
      this.#received = [all.subarray(size + 4)];
      this.#receivedBytes = all.length - size - 4;
      this.#answer(all.subarray(4, size + 4));
    }
  }

  #answer(bytes: Buffer): void {
    const [pending] = this.#pending;
    if (pending?.correlationId !== bytes.readInt32BE(0)) {
      this.#end("an answer that nobody asked for");
      return;
    }
    this.#pending.shift();
    clearTimeout(pending.timer);
    pending.answer(bytes);
  }

  #end(why: string): void {
    if (this.#lost !== null) return;
    this.#lost = new ConnectionLost(`${this.#place}: ${why}`);
    this.#socket.destroy();
    for (const { timer, lose } of this.#pending.splice(0)) {
      clearTimeout(timer);
      lose(this.#lost);
    }
  }
}

function connected({ host, port }: BrokerAddress, { security, timeoutMs }: ConnectionOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { tls } = security;
    const socket = tls === null ? createConnection({ host, port }) : connectTls({ ...tls, host, port });
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new ConnectionLost(`${host}:${port}: ${why}`));
    };
    const timer = setTimeout(() => fail("no connection in time"), timeoutMs);
    const onError = (error: Error): void => fail(error.message);
    socket.once("error", onError);
    socket.once(tls === null ? "connect" : "secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}
