import type Kafka from "@confluentinc/kafka-javascript";

const STEP_MS = 1;
/** Whoever wants the wait to end is heard this often. */
const FIRST_STEP_MAX_MS = 200;
/** Of the shortest wait lately: what is safe to sleep through. */
const SAFE_SHARE = 0.9;
/** How fast a short wait is forgotten, a batch. */
const FORGET = 1.1;

/**
 * Waits until a producer has delivered all that it was handed. While a flush runs nothing lingers, but none is woken by
 * the last delivery: it looks at the end of each 10 ms, or of its own time where that is less. A flush of 1 ms, repeated,
 * is exact and keeps a core busy where several shards wait. So the first one lasts nearly as long as the shortest wait
 * lately, and only then they are short.
 */
export class DeliveryWait {
  #shortestMs = STEP_MS;

  /** Resolves once all is delivered or refused, or isOver says so between two flushes; rejects with what isOver throws. */
  async untilDelivered(producer: Kafka.Producer, isOver: () => boolean): Promise<void> {
    const began = performance.now();
    let stepMs = Math.min(Math.max(STEP_MS, Math.floor(this.#shortestMs * SAFE_SHARE)), FIRST_STEP_MAX_MS);
    while (!(await isFlushed(producer, stepMs))) {
      if (isOver()) return;
      stepMs = STEP_MS;
    }
    this.#shortestMs = Math.min(performance.now() - began, this.#shortestMs * FORGET + STEP_MS / 10);
  }
}

function isFlushed(producer: Kafka.Producer, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    producer.flush(timeoutMs, (error) => resolve(!error));
  });
}
