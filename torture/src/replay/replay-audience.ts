import type { ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";

/** What arrived of the tenant's events as themselves, or for one job. */
export interface Heard {
  readonly events: number;
  /** Named, the first few of each: what must not be. */
  readonly faults: readonly string[];
  /** Numbers from 1 on that did not arrive. */
  readonly missing: number;
}

const FAULTS_SAID_MAX = 5;
const KEY = /^k-\d+$/;

/** Events 1 to n of one tenant, each with its number as its payload: which arrived, how often, for whom, in which order. */
export class ReplayAudience {
  readonly #size: number;
  readonly #tenant: string;
  /** By job; null for the events themselves. */
  readonly #performances = new Map<string | null, Performance>();
  /** Of the events themselves, by number. */
  readonly #ids: string[] = [];

  constructor(tenant: string, size: number) {
    this.#tenant = tenant;
    this.#size = size;
  }

  receive({ headers, key, value }: ReceivedRecord): void {
    const job = headers["replay-job-id"] ?? null;
    const n = Number(value);
    const performance = this.#of(job);
    const id = headers["event-id"] ?? "";
    if (job === null) this.#ids[n] ??= id;
    if (headers["tenant-id"] !== this.#tenant || !KEY.test(key) || !(n >= 1 && n <= this.#size)) {
      performance.fault(`a record that nobody asked for: ${key} ${value.slice(0, 40)} of ${headers["tenant-id"]}`);
    } else if (this.#ids[n] !== id) performance.fault(`event ${n} has the id ${id}, not its own ${this.#ids[n]}`);
    else performance.receive(n, key);
  }

  count(job: string | null): number {
    return this.#of(job).events;
  }

  heard(job: string | null): Heard {
    const { events, faults, distinct } = this.#of(job);
    return { events, faults, missing: this.#size - distinct };
  }

  /** Jobs that something arrived for. */
  jobs(): readonly string[] {
    return [...this.#performances.keys()].filter((job) => job !== null);
  }

  #of(job: string | null): Performance {
    let found = this.#performances.get(job);
    if (found === undefined) {
      found = new Performance(this.#size);
      this.#performances.set(job, found);
    }
    return found;
  }
}

class Performance {
  events = 0;
  distinct = 0;
  readonly faults: string[] = [];
  readonly #seen: Uint8Array;
  readonly #lastOfKey = new Map<string, number>();

  constructor(size: number) {
    this.#seen = new Uint8Array(size + 1);
  }

  receive(n: number, key: string): void {
    this.events += 1;
    if (this.#seen[n] === 1) this.fault(`event ${n} came twice`);
    else this.distinct += 1;
    this.#seen[n] = 1;
    const last = this.#lastOfKey.get(key) ?? 0;
    if (last >= n) this.fault(`event ${n} came behind ${last} of its key`);
    this.#lastOfKey.set(key, n);
  }

  fault(text: string): void {
    if (this.faults.length < FAULTS_SAID_MAX) this.faults.push(text);
  }
}
