import Kafka from "@confluentinc/kafka-javascript";

const NAMES = new Map(Object.entries(Kafka.CODES.ERRORS).map(([name, code]) => [code, name.replace(/^ERR_+/, "")]));

interface RefusalDetails {
  readonly message?: string | null;
  readonly topic?: string | null;
}

/** A broker answered, and refused: nothing of what was asked took place. */
export class BrokerRefusal extends Error {
  /** Kafka's error code, the same numbers as the client's. */
  readonly code: number;
  /** The topic that it was about, null where it was about none. */
  readonly topic: string | null;

  constructor(doing: string, code: number, { message, topic }: RefusalDetails) {
    super(`${doing}: ${message ?? NAMES.get(code) ?? "an error without a name"} (${code})`);
    this.code = code;
    this.topic = topic ?? null;
  }
}

/** No answer, or none that can be read: whether what was asked took place is not known. The connection is over. */
export class ConnectionLost extends Error {
  /** As the client says it: ERR__TRANSPORT. */
  readonly code = Kafka.CODES.ERRORS.ERR__TRANSPORT;
}

/** Checks a code of an answer. @throws BrokerRefusal */
export function accept(doing: string, code: number, details: RefusalDetails = {}): void {
  if (code !== 0) throw new BrokerRefusal(doing, code, details);
}
