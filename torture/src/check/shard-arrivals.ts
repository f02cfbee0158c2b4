import type { ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";

interface Waiter {
  readonly shard: number;
  readonly sinceUnixMs: number;
  readonly arrived: () => void;
}

/** When the consumer sees what of each shard: by the record's producer, and the time of the enqueue. */
export class ShardArrivals {
  readonly #waiters = new Set<Waiter>();

  received(record: ReceivedRecord): void {
    if (this.#waiters.size === 0) return;
    const shard = Number(/-(\d+)$/.exec(record.headers["x-producer-id"] ?? "")?.[1]);
    const createdAtMs = Number(record.headers["x-timestamp-ms"]);
    for (const waiter of this.#waiters) {
      if (waiter.shard !== shard || createdAtMs < waiter.sinceUnixMs) continue;
      this.#waiters.delete(waiter);
      waiter.arrived();
    }
  }

  /**
   * Resolves, with the milliseconds since then, once the consumer has an event of each shard that was enqueued at that
   * time or later: whoever died before it cannot have published it. Null where that takes longer than timeoutMs.
   */
  async allSince(shards: readonly number[], sinceUnixMs: number, timeoutMs: number): Promise<number | null> {
    const mine: Waiter[] = [];
    const all = Promise.all(
      shards.map(
        (shard) =>
          new Promise<void>((arrived) => {
            const waiter = { shard, sinceUnixMs, arrived };
            mine.push(waiter);
            this.#waiters.add(waiter);
          }),
      ),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, timeoutMs, "late");
    });
    const outcome = await Promise.race([all, late]);
    clearTimeout(timer);
    for (const waiter of mine) this.#waiters.delete(waiter);
    return outcome === "late" ? null : Date.now() - sinceUnixMs;
  }
}
