import type { LibrdKafkaError } from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import { type ClientError, isUnanswered, isUnansweredRead } from "./broker-errors.js";
import { promised } from "./connect-client.js";

/**
 * How long one call may block. Each holds one of libuv's threads until it returns, and neither a close nor the end of
 * the process comes before that.
 */
const SLICE_MS = 1_000;
/** A call that fails sooner than this is not made again at once. */
const ROUND_MIN_MS = 50;

/** A callback method of the client that may be called again with the same arguments: it goes on where it stood. */
export type Ask<T> = (
  timeoutMs: number,
  done: (error: LibrdKafkaError | null | undefined, value?: T) => void,
) => unknown;

/** Asks Kafka in short calls, one after another, until there is an answer; one for all shards of a relay. */
export class Asker {
  readonly #brokers: string;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #givingUp = new Set<() => void>();
  #isClosed = false;

  constructor(brokers: string) {
    this.#brokers = brokers;
  }

  /**
   * For the steps of a transaction: a time-out that the client calls retriable says nothing yet (design §4).
   * @throws what the client says, once it is not retriable or withinMs is over; SIDING_BROKER_UNREACHABLE after close
   */
  ask<T = void>(withinMs: number, call: Ask<T>): Promise<T> {
    return this.#track(this.#until(withinMs, call, isUnanswered));
  }

  /** For questions that change nothing: no answer is no harm, whatever the client calls it. @throws as {@link ask} */
  read<T>(withinMs: number, call: Ask<T>): Promise<T> {
    return this.#track(this.#until(withinMs, call, isUnansweredRead));
  }

  /** For an answer that cannot be asked for in short calls: waits for it until the close, and no longer. @throws as {@link ask} */
  waitFor<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(this.#stopped());
      if (this.#isClosed) {
        answer.catch(() => {}); // nobody is there any more to hear of it
        return giveUp();
      }
      this.#givingUp.add(giveUp);
      answer.then(resolve, reject).finally(() => this.#givingUp.delete(giveUp));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Gives up what is being asked, and resolves once no call blocks a thread any more: after one slice at most. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#givingUp) giveUp();
    await Promise.allSettled(this.#underWay);
  }

  async #until<T>(withinMs: number, call: Ask<T>, isOpen: (error: ClientError) => boolean): Promise<T> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      if (this.#isClosed) throw this.#stopped();
      const began = performance.now();
      try {
        return await promised<T>((done) => call(SLICE_MS, done));
      } catch (error) {
        if (!isOpen(error as ClientError) || performance.now() >= deadline) throw error;
      }
      const leftMs = began + ROUND_MIN_MS - performance.now();
      if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    }
  }

  #stopped(): SidingError {
    return new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka at ${this.#brokers} had not answered by the stop`);
  }

  #track<T>(asked: Promise<T>): Promise<T> {
    this.#underWay.add(asked);
    const end = (): void => void this.#underWay.delete(asked);
    asked.then(end, end);
    return asked;
  }
}
