import type { KafkaConsumer } from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import type { Asker } from "./ask-until-answered.js";
import { brokerError } from "./broker-errors.js";
import { PROGRESS_TOPIC, REQUEST_TIMEOUT_MS } from "./client-config.js";

/** How long the cluster's id may take to show in the client's log after the metadata was read. */
const CLUSTER_ID_TIMEOUT_MS = 5_000;

/**
 * Asks the brokers which cluster they are, now and not once: behind an address another one may stand meanwhile. The id
 * has no call of its own in this client; each metadata answer names it in the client's log (debug: metadata).
 */
export class ClusterId {
  readonly #consumer: KafkaConsumer;
  readonly #asker: Asker;
  readonly #brokers: string;
  readonly #waiting = new Set<(id: string) => void>();

  /** @param consumer made with `debug: "metadata"` and `event_cb` */
  constructor(consumer: KafkaConsumer, asker: Asker, brokers: string) {
    this.#consumer = consumer;
    this.#asker = asker;
    this.#brokers = brokers;
    consumer.on("event.log", ((entry: { message: string }) => {
      const id = this.#waiting.size === 0 ? undefined : /ClusterId: ([^\s,]+)/.exec(entry.message)?.[1];
      if (id === undefined) return;
      for (const tell of this.#waiting) tell(id);
      this.#waiting.clear();
    }) as never);
  }

  /** @throws SIDING_BROKER_* */
  async read(): Promise<string> {
    let tell: (id: string) => void = () => {};
    let timer: NodeJS.Timeout | undefined;
    const told = new Promise<string>((resolve, reject) => {
      tell = resolve;
      timer = setTimeout(() => {
        const message = `Kafka at ${this.#brokers} did not tell its cluster id`;
        reject(new SidingError("SIDING_BROKER_UNREACHABLE", message));
      }, REQUEST_TIMEOUT_MS + CLUSTER_ID_TIMEOUT_MS);
    });
    this.#waiting.add(tell);
    try {
      const asked = this.#asker.read(REQUEST_TIMEOUT_MS, (timeout, done) =>
        this.#consumer.getMetadata({ topic: PROGRESS_TOPIC, timeout }, done as never),
      );
      return (await Promise.all([told, asked]))[0];
    } catch (error) {
      throw brokerError(error, "reading the cluster id", this.#brokers);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(tell);
    }
  }
}
