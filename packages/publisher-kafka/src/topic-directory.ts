import type { Client, Metadata } from "@confluentinc/kafka-javascript";
import type { Asker } from "./ask-until-answered.js";
import { brokerError } from "./broker-errors.js";
import { REQUEST_TIMEOUT_MS } from "./client-config.js";

/** How long a topic once seen is taken to be there still. */
const SEEN_VALID_MS = 30_000;
/** How long a fault stands before the topic is looked up, or tried, again. */
const FAULT_VALID_MS = 1_000;

type MetadataClient = Pick<Client<never>, "getMetadata">;

/** Which topics can be published to, as far as the brokers say. One for all shards of a relay. */
export class TopicDirectory {
  readonly #client: MetadataClient;
  readonly #asker: Asker;
  readonly #brokers: string;
  readonly #nowMs: () => number;
  readonly #seenAtMs = new Map<string, number>();
  readonly #faults = new Map<string, { reason: string; atMs: number }>();
  #lookup: Promise<void> | null = null;

  constructor(client: MetadataClient, asker: Asker, brokers: string, nowMs: () => number) {
    this.#client = client;
    this.#asker = asker;
    this.#brokers = brokers;
    this.#nowMs = nowMs;
  }

  /** The topics that cannot be published to now, each with the reason. Without I/O while all are known. */
  async faultsOf(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const faults = new Map<string, string>();
    let unknown = false;
    const now = this.#nowMs();
    for (const topic of topics) {
      const fault = this.#faults.get(topic);
      if (fault !== undefined && now - fault.atMs < FAULT_VALID_MS) faults.set(topic, fault.reason);
      else if (now - (this.#seenAtMs.get(topic) ?? -Infinity) >= SEEN_VALID_MS) unknown = true;
    }
    if (!unknown) return faults;
    await this.#refresh();
    for (const topic of topics) {
      if (faults.has(topic) || this.#seenAtMs.get(topic) === undefined) {
        const reason = faults.get(topic) ?? "the topic does not exist, or this principal may not see it";
        this.#faults.set(topic, { reason, atMs: now });
        faults.set(topic, reason);
      } else {
        this.#faults.delete(topic);
      }
    }
    return faults;
  }

  /** Which of the topics are gone, looked up now. What was seen of them stands until there is an answer. @throws SIDING_BROKER_* */
  async lost(topics: ReadonlySet<string>): Promise<readonly string[]> {
    await this.#refresh();
    return [...topics].filter((topic) => !this.#seenAtMs.has(topic));
  }

  /** A broker refused the topic itself: it rests for a moment, and is looked up before it is tried again. */
  markFault(topic: string, reason: string): void {
    this.#faults.set(topic, { reason, atMs: this.#nowMs() });
    this.#seenAtMs.delete(topic);
  }

  #refresh(): Promise<void> {
    this.#lookup ??= this.#readMetadata().finally(() => {
      this.#lookup = null;
    });
    return this.#lookup;
  }

  async #readMetadata(): Promise<void> {
    let metadata: Metadata;
    try {
      metadata = await this.#asker.read<Metadata>(REQUEST_TIMEOUT_MS, (timeout, done) =>
        this.#client.getMetadata({ timeout }, done as never),
      );
    } catch (error) {
      throw brokerError(error, "reading the list of topics", this.#brokers);
    }
    const now = this.#nowMs();
    this.#seenAtMs.clear();
    for (const topic of metadata.topics) {
      if (topic.partitions.length > 0) this.#seenAtMs.set(topic.name, now);
    }
    // Whoever asks for ever new topics leaves no more behind than the last moment's.
    for (const [topic, { atMs }] of this.#faults) if (now - atMs >= FAULT_VALID_MS) this.#faults.delete(topic);
  }
}
