/** Time inside one relay. Only for waiting and measuring: leases and quotas go by Postgres' clock (design §5). */
export interface Clock {
  /** Milliseconds that only ever grow; the zero point means nothing. */
  monotonicMs(): number;
  /** Milliseconds since 1970, for comparing with an event's creation. */
  unixMs(): number;
  /** Resolves after `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignalLike): Promise<void>;
  /**
   * A signal that is aborted after `ms`, or with its parent. onTime is called when it was the time.
   * clear() must be called once the signal has served.
   */
  limit(ms: number, parent: AbortSignalLike, onTime: () => void): { signal: AbortSignalLike; clear(): void };
}

/** What of an AbortSignal is needed, so that core needs no platform types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A number from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;
