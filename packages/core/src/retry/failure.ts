/** Why Kafka refused one event. */
export interface EventFault {
  readonly seq: bigint;
  readonly error: string;
}

/** An event that Kafka has refused. */
export interface Failure {
  readonly seq: bigint;
  readonly attempts: number;
  readonly lastError: string;
  /** Groups failures of one cause: the error with its numbers and ids taken out. */
  readonly fingerprint: string;
  /** Until it may be tried again, counted from now. */
  readonly retryInMs: number;
}

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 60_000;

/**
 * How long an event waits after its nth refusal: exponential, with the upper half of it left to chance, so that
 * events refused together do not come back together.
 * @param random from 0 to 1, exclusive
 */
export function backoffMs(attempts: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (attempts - 1));
  return Math.round(full / 2 + (full / 2) * random);
}

/** The failure after one more refusal. */
export function nextFailure(before: Failure | undefined, fault: EventFault, random: number): Failure {
  const attempts = (before?.attempts ?? 0) + 1;
  return {
    seq: fault.seq,
    attempts,
    lastError: fault.error,
    fingerprint: fingerprintOf(fault.error),
    retryInMs: backoffMs(attempts, random),
  };
}

/** The error's shape: hexadecimal ids and numbers are what differs between two events of one cause. */
export function fingerprintOf(error: string): string {
  return error
    .toLowerCase()
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "#")
    .replace(/\d+/g, "#")
    .slice(0, 200);
}
