import type { Lane, LaneFilter } from "./lane.js";
import { type LaneShare, nameOf } from "./lane-turns.js";

/** In pages of a batch: what is read of rows that lanes carry is thrown away, and takes memory until then. */
const PAGES_MAX = 4;
/** A page that is read now serves a lane in the batch after the next: until then it lives on what lies there. */
const SHARES_READY = 2;

/** What became of one lane's share of a batch. */
export interface Served {
  readonly share: LaneShare;
  readonly used: number;
  /** What it read and did not send, in bytes; null: there is more than it read. */
  readonly left: number | null;
}

/**
 * How large a page the main line reads. A lane reads what the main cursor has passed, and the main cursor passes a page a
 * batch: a tenant whose weight is more than its part of the log would catch up with it again and again, and get what the
 * log has of it rather than what its weight says. So where a fair-share lane has little left, the main line looks further.
 * (One that waits for a quota or a probe is not held by what lies there.)
 */
export class LookAhead {
  /** What lies between each lane and the main cursor, in bytes; less where that is not known. */
  readonly #ready = new Map<string, number>();
  #pages = 1;

  /** The next page's size, in batches. */
  get pages(): number {
    return this.#pages;
  }

  /**
   * After a batch is planned.
   * @param passed bytes of each lane's rows that the main cursor passes with it
   * @param mayLook whether a larger page would have been passed as well
   */
  settle(served: readonly Served[], passed: ReadonlyMap<Lane, number>, mayLook: boolean): void {
    const sharing = served.filter(({ share }) => share.lane.reason === "fair-share");
    for (const { share, used, left } of sharing) {
      const name = nameOf(share.lane.filter);
      this.#ready.set(name, left ?? Math.max(0, (this.#ready.get(name) ?? 0) - used));
    }
    for (const [{ filter }, bytes] of passed) {
      const name = nameOf(filter);
      this.#ready.set(name, (this.#ready.get(name) ?? 0) + bytes);
    }
    const isShort = ({ share: { lane, bytes } }: Served): boolean =>
      this.#ready.get(nameOf(lane.filter))! < SHARES_READY * bytes;
    this.#pages = mayLook && sharing.some(isShort) ? Math.min(PAGES_MAX, this.#pages * 2) : 1;
  }

  /** The lane is no more. */
  forget(filter: LaneFilter): void {
    this.#ready.delete(nameOf(filter));
  }
}
