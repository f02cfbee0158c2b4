import { SidingError } from "@siding/core/errors.js";
import type { RelayProcess } from "../world/relay-process.js";
import { remoteCall } from "../world/remote-call.js";
import type { Surroundings } from "../world/surroundings.js";
import { BrokerFault } from "./simulated-kafka.js";

/** Requests to a broker; each gives a schedule steps to interfere at. */
export const REQUESTS = ["topics", "init", "committed", "produce", "offsets", "commit", "abort", "append"] as const;
export type RequestName = (typeof REQUESTS)[number];

/** The client's time-outs, scaled down with the leases of a schedule. */
const REQUEST_TIMEOUT_MS = 120;
const GIVE_UP_MS = 500;
const RETRY_MS = 4;
/** How often a missing answer is one after which the client does not go on: its connection is gone for good. */
const GIVES_UP_AT_ONCE = 0.4;

/** No answer came. */
class Unanswered extends Error {}

/** What librdkafka does by itself: it asks again while the answer is "try again" or none, up to a time. */
export class BrokerClient {
  readonly #world: Surroundings;
  readonly #process: RelayProcess;
  readonly #underWay = new Set<() => void>();
  #isClosed = false;

  constructor(world: Surroundings, process: RelayProcess) {
    this.#world = world;
    this.#process = process;
  }

  /**
   * Asks until there is an answer. Every request asked so must be one that may be handled twice.
   * @throws BrokerFault as the broker answered, Unanswered when none came in time
   */
  async repeated<T>(name: RequestName, handle: () => T): Promise<T> {
    const deadlineMs = this.#world.timeline.nowMs + GIVE_UP_MS;
    for (let times = 1; ; times++) {
      if (this.#isClosed) throw closed();
      if (name === "commit" && times > 1) this.#world.coverage.note("commit-asked-again");
      try {
        return await this.#once(name, handle);
      } catch (error) {
        const again = error instanceof Unanswered || (error instanceof BrokerFault && error.kind === "retriable");
        if (!again || this.#isClosed || this.#world.timeline.nowMs > deadlineMs) throw error;
        if (error instanceof Unanswered && this.#process.random.chance(GIVES_UP_AT_ONCE)) throw error;
        await this.#process.clock.sleep(RETRY_MS);
      }
    }
  }

  /** The same for what answers a question or opens a producer: in the end it is one of Siding's errors. */
  async settled<T>(name: RequestName, handle: () => T): Promise<T> {
    try {
      return await this.repeated(name, handle);
    } catch (error) {
      const code =
        error instanceof BrokerFault && error.kind === "fenced" ? "SIDING_FENCED" : "SIDING_BROKER_UNREACHABLE";
      throw new SidingError(code, `Kafka, ${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** What is under way ends unanswered, and nothing more is sent. */
  close(): void {
    this.#isClosed = true;
    for (const giveUp of this.#underWay) giveUp();
  }

  /** @throws SIDING_BROKER_UNREACHABLE once it is closed */
  mustBeOpen(): void {
    if (this.#isClosed) throw new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka: ${closed().message}`);
  }

  async #once<T>(name: RequestName, handle: () => T): Promise<T> {
    let giveUp = (): void => {};
    const given = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(closed());
    });
    this.#underWay.add(giveUp);
    try {
      return await Promise.race([this.#send(name, handle), given]);
    } finally {
      this.#underWay.delete(giveUp);
    }
  }

  #send<T>(name: RequestName, handle: () => T): Promise<T> {
    return remoteCall<T>(this.#world, this.#process, {
      name,
      timeoutMs: REQUEST_TIMEOUT_MS,
      lost: (how) => new Unanswered(how),
      serve: (reply) => {
        try {
          const result = handle();
          if (name === "commit" && !this.#process.isAlive) this.#world.coverage.note("commit-behind-a-dead-relay");
          reply.done(result);
        } catch (error) {
          reply.fail(error as Error);
        }
      },
    });
  }
}

function closed(): Unanswered {
  return new Unanswered("the client was closed");
}
