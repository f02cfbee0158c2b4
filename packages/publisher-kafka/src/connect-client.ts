import type { LibrdKafkaError } from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";
import { brokerError } from "./broker-errors.js";

/** Neither a close nor the end of the process comes before it is over. */
const CONNECT_TIMEOUT_MS = 5_000;
const CONNECT_SLICE_MS = 500;

interface Connectable {
  connect(options: { timeout: number }, callback: (error: LibrdKafkaError) => void): unknown;
  on(event: "event.error", listener: (error: LibrdKafkaError) => void): unknown;
}

/** ERR__TRANSPORT, ERR__ALL_BROKERS_DOWN, ERR__TIMED_OUT: what the client says whatever the cause was. */
const GENERAL: ReadonlySet<number> = new Set([-195, -187, -185]);

/**
 * Connects a client and waits for its first metadata. A wrong password shows only as an event beside the connection's
 * time-out; such a specific cause ends the wait at once and is what is reported.
 * @throws SIDING_BROKER_UNREACHABLE, SIDING_BROKER_AUTH
 */
export async function connectClient(client: Connectable, brokers: string): Promise<void> {
  let specific: LibrdKafkaError | undefined;
  await new Promise<void>((resolve, reject) => {
    const check = setInterval(() => specific !== undefined && fail(specific), CONNECT_SLICE_MS);
    const fail = (error: unknown): void => {
      clearInterval(check);
      reject(brokerError(error, "connecting", brokers));
    };
    client.on("event.error", (error) => {
      if (!GENERAL.has(error.code)) specific = error;
    });
    client.connect({ timeout: CONNECT_TIMEOUT_MS }, (error) => {
      if (error) return fail(specific ?? error);
      clearInterval(check);
      resolve();
    });
  });
}

/** With brokers down a disconnect takes 5 s, and some callbacks never come: nobody waits longer than this for one. */
const DISCONNECT_TIMEOUT_MS = 2_000;

export async function disconnectConsumer(consumer: { disconnect(callback: () => void): unknown }): Promise<void> {
  await withinTime((done) => consumer.disconnect(done));
}

/** Nothing is flushed first, which could take 5 s: whatever was to be published has been waited for, or given up. */
export async function disconnectProducer(producer: {
  disconnect(flushMs: number, callback: () => void): unknown;
}): Promise<void> {
  await withinTime((done) => producer.disconnect(0, done));
}

function withinTime(disconnect: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DISCONNECT_TIMEOUT_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    try {
      disconnect(end);
    } catch {
      end(); // what never was connected, the client refuses to disconnect
    }
  });
}

/** A callback method of the client as a promise; `call` hands its callback on. */
export function promised<T = void>(
  call: (callback: (error: LibrdKafkaError | null | undefined, value?: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

/** Makes a client; what it throws then is about a property that it does not know, or a value that it does not take. */
export function withKnownProperties<Client>(make: () => Client): Client {
  try {
    return make();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SidingError("SIDING_CONFIG_INVALID", `the Kafka client refuses SIDING_KAFKA__…: ${message}`, {
      cause: error,
    });
  }
}
