/** Whether the same transaction can succeed later without anybody changing anything. */
export type EnqueueRetry = "never" | "backoff";

/** The SQLSTATEs of enqueueing; what is wrong with the call itself is SD001 also where it is found before the database. */
const RETRY = {
  /** Invalid argument: an empty topic or tenant, a reserved header, a payload too large or not JSON. */
  SD001: "never",
  /** The tenant's backlog cap is reached: it drains as events are published. */
  SD002: "backoff",
  /** The tenant is blocked from enqueueing, until an operator lifts that. */
  SD003: "never",
} as const satisfies Record<string, EnqueueRetry>;

export type EnqueueErrorCode = keyof typeof RETRY;

export function isEnqueueErrorCode(code: unknown): code is EnqueueErrorCode {
  return typeof code === "string" && Object.hasOwn(RETRY, code);
}

/**
 * Siding refused an event. Where the database refused it, the transaction is lost, as after any failed statement: roll
 * back, and where `retry` is `backoff` run the whole transaction again later. `cause` is then the client's own error.
 *
 * ```ts
 * catch (error) {
 *   if (error instanceof EnqueueError && error.retry === "backoff") return tryAgainLater();
 *   throw error;
 * }
 * ```
 */
export class EnqueueError extends Error {
  override readonly name: string = "EnqueueError";
  readonly code: EnqueueErrorCode;
  readonly retry: EnqueueRetry;
  /** What to do about it; the message ends with it as well. */
  readonly hint: string | undefined;

  constructor(
    code: EnqueueErrorCode,
    message: string,
    options: { readonly hint?: string | undefined; readonly cause?: unknown },
  ) {
    // An error of another copy of this package ends with its hint already.
    const isWhole = options.hint === undefined || message.endsWith(options.hint);
    super(isWhole ? message : `${message}. ${options.hint}`, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retry = RETRY[code];
    this.hint = options.hint;
  }
}
