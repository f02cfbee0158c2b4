import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";

const run = promisify(execFile);

interface Server {
  readonly port: number;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** A server that keeps its port while the data behind it is exchanged: copied when cold, restored, replaced. */
class ExchangeableServer<Running extends Server> {
  readonly #start: (at: { dataDir: string; port?: number }) => Promise<Running>;
  readonly #name: string;
  #copies = 0;
  running!: Running;

  constructor(name: string, start: (at: { dataDir: string; port?: number }) => Promise<Running>) {
    this.#name = name;
    this.#start = start;
  }

  async open(): Promise<this> {
    this.running = await this.#start({ dataDir: this.newDir() });
    return this;
  }

  /** A directory that does not exist yet; close() removes it. */
  newDir(): string {
    this.#copies += 1;
    return join(tmpdir(), `siding-test-${this.#name}-${process.pid}-${this.#copies}`);
  }

  /** Copies the data of the stopped server, which goes on afterwards; answers where the copy lies. */
  async backUp(): Promise<string> {
    const { dataDir, port } = this.running;
    await this.running.stop();
    const copy = await this.copy(dataDir);
    this.running = await this.#start({ dataDir, port });
    return copy;
  }

  async copy(dataDir: string): Promise<string> {
    const copy = this.newDir();
    await run("cp", ["-a", dataDir, copy]);
    return copy;
  }

  /** Puts another data directory behind the same port; one that does not exist makes a new server. */
  async replace(dataDir: string): Promise<void> {
    const { port } = this.running;
    await this.running.stop();
    this.running = await this.#start({ dataDir, port });
  }

  async close(): Promise<void> {
    await this.running?.stop();
    for (let copy = 1; copy <= this.#copies; copy++) {
      const dir = join(tmpdir(), `siding-test-${this.#name}-${process.pid}-${copy}`);
      await rm(dir, { recursive: true, force: true });
    }
  }
}

export type PostgresServer = ExchangeableServer<RunningPostgres>;
export type KafkaServer = ExchangeableServer<RunningKafka>;

export function openPostgres(name: string): Promise<PostgresServer> {
  const settings = { fsync: false, max_connections: 60 };
  return new ExchangeableServer(`pg-${name}`, (at) => startPostgres({ ...at, settings })).open();
}

export function openKafka(name: string): Promise<KafkaServer> {
  return new ExchangeableServer(`kafka-${name}`, (at) => startKafka(at)).open();
}
