import { setTimeout as sleep } from "node:timers/promises";
import type { DeliveryLedger } from "@siding/testkit/delivery/delivery-ledger.js";
import pg from "pg";

const LOOK_MS = 100;

export interface Stall {
  readonly ms: number;
  /** What was being done to the systems when it ended. */
  readonly during: string;
}

/**
 * How much Postgres has committed that the consumer has not seen, and the longest time in which nothing arrived although
 * there was such a backlog, whatever was down meanwhile.
 */
export class BacklogWatch {
  committed = 0;
  longest: Stall = { ms: 0, during: "nothing" };
  /** Said of a stall. */
  during = "nothing";
  readonly #databaseUrl: string;
  readonly #ledger: DeliveryLedger;
  #waitingSinceMs: number | null = null;
  #isOver = false;
  readonly #ended: Promise<void>;

  constructor(databaseUrl: string, ledger: DeliveryLedger) {
    this.#databaseUrl = databaseUrl;
    this.#ledger = ledger;
    this.#ended = this.#run();
  }

  get backlog(): number {
    return Math.max(0, this.committed - this.#ledger.received);
  }

  received(): void {
    this.#measure();
    this.#waitingSinceMs = this.backlog > 0 ? performance.now() : null;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const client = new pg.Client({ connectionString: this.#databaseUrl });
      client.on("error", () => {});
      try {
        await client.connect();
        while (!this.#isOver) {
          const { rows } = await client.query("select coalesce(sum(count), 0)::int as total from counter");
          this.committed = rows[0].total;
          this.#look();
          await sleep(LOOK_MS);
        }
      } catch {
        // The server is away, as the torture wants it at times: what was known of the backlog stands until it is back.
        this.#look();
        await sleep(LOOK_MS);
      } finally {
        await client.end().catch(() => {});
      }
    }
  }

  #look(): void {
    if (this.backlog === 0) this.#waitingSinceMs = null;
    else this.#waitingSinceMs ??= performance.now();
    this.#measure();
  }

  #measure(): void {
    if (this.#waitingSinceMs === null) return;
    const ms = performance.now() - this.#waitingSinceMs;
    if (ms > this.longest.ms) this.longest = { ms, during: this.during };
  }
}
