import { SidingError } from "@siding/core/errors.js";

/** Where the checker's own clients connect; they share no code with the relay's. */
export interface KafkaPlace {
  readonly brokers: string;
  /** The operator's client properties; only those about security apply here. */
  readonly properties: Readonly<Record<string, string>>;
}

export const KAFKA_TIMEOUT_MS = 10_000;

export function clientConfig({ brokers, properties }: KafkaPlace): Record<string, unknown> {
  const security = Object.entries(properties).filter(([name]) => /^(security|sasl|ssl|enable\.ssl)\b/.test(name));
  return {
    ...Object.fromEntries(security),
    "bootstrap.servers": brokers,
    "client.id": "siding-dev",
    "socket.nagle.disable": true,
    "allow.auto.create.topics": false,
  };
}

/** A callback method as a promise that ends: with brokers away some callbacks never come. @throws SIDING_BROKER_UNREACHABLE */
export function called<T>(
  place: KafkaPlace,
  doing: string,
  call: (done: (error: { message: string } | null | undefined, value?: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(
        new SidingError("SIDING_BROKER_UNREACHABLE", `Kafka at ${place.brokers}, ${doing}: ${message}`, { cause }),
      );
    };
    const timer = setTimeout(() => refuse("no answer"), 2 * KAFKA_TIMEOUT_MS);
    call((error, value) => {
      if (error) return refuse(error.message, error);
      clearTimeout(timer);
      resolve(value as T);
    });
  });
}
