import Kafka from "@confluentinc/kafka-javascript";
import { SidingError } from "@siding/core/errors.js";

const { CODES } = Kafka;
const E = CODES.ERRORS;

/** What the client throws and hands to its callbacks. */
export interface ClientError {
  readonly code: number;
  readonly message: string;
  readonly isFatal?: boolean;
  readonly isRetriable?: boolean;
  readonly isTxnRequiresAbort?: boolean;
}

/** Which of the three kinds an error is (design §6); fenced stands apart. The only place that knows Kafka's codes. */
export type ErrorKind = "broker" | "topic" | "event" | "fenced";

const FENCED: ReadonlySet<number> = new Set([E.ERR__FENCED, E.ERR_PRODUCER_FENCED, E.ERR_INVALID_PRODUCER_EPOCH]);
const TOPIC: ReadonlySet<number> = new Set([
  E.ERR__UNKNOWN_TOPIC,
  E.ERR__UNKNOWN_PARTITION,
  E.ERR_UNKNOWN_TOPIC_OR_PART,
  E.ERR_TOPIC_AUTHORIZATION_FAILED,
  E.ERR_TOPIC_EXCEPTION,
]);
const EVENT: ReadonlySet<number> = new Set([
  E.ERR_MSG_SIZE_TOO_LARGE,
  E.ERR_INVALID_MSG,
  E.ERR_INVALID_MSG_SIZE,
  E.ERR_INVALID_RECORD,
  E.ERR_RECORD_LIST_TOO_LARGE,
  E.ERR_INVALID_TIMESTAMP,
]);
const AUTH: ReadonlySet<number> = new Set([
  E.ERR__AUTHENTICATION,
  E.ERR_SASL_AUTHENTICATION_FAILED,
  E.ERR__SSL,
  E.ERR_CLUSTER_AUTHORIZATION_FAILED,
  E.ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  E.ERR_GROUP_AUTHORIZATION_FAILED,
]);
/** What the client says when a call's time is over, whether a broker was there or not. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  E.ERR__TIMED_OUT,
  E.ERR__TRANSPORT,
  E.ERR__ALL_BROKERS_DOWN,
  E.ERR__WAIT_COORD,
  E.ERR_REQUEST_TIMED_OUT,
  E.ERR_COORDINATOR_NOT_AVAILABLE,
  E.ERR_COORDINATOR_LOAD_IN_PROGRESS,
]);
const UNSUPPORTED: ReadonlySet<number> = new Set([E.ERR__UNSUPPORTED_FEATURE, E.ERR_UNSUPPORTED_VERSION]);

export function kindOf(error: ClientError): ErrorKind {
  if (FENCED.has(error.code)) return "fenced";
  if (TOPIC.has(error.code)) return "topic";
  if (EVENT.has(error.code)) return "event";
  return "broker";
}

/** Whether a transactional call is to be made again: it has not ended, and goes on where it stood (design §4). */
export function isUnanswered(error: ClientError): boolean {
  return error.isRetriable === true;
}

/** Whether a question that changes nothing may be asked again. */
export function isUnansweredRead(error: ClientError): boolean {
  return error.isRetriable === true || NO_ANSWER.has(error.code);
}

/** A client error as one of Siding's, saying what was being done and where. */
export function brokerError(error: unknown, doing: string, brokers: string): SidingError {
  if (error instanceof SidingError) return error;
  const { code, message } = error as Partial<ClientError>;
  const text = `Kafka at ${brokers}, ${doing}: ${message ?? String(error)}`;
  const cause = { cause: error };
  if (code !== undefined && FENCED.has(code)) return new SidingError("SIDING_FENCED", text, cause);
  if (code !== undefined && AUTH.has(code)) return new SidingError("SIDING_BROKER_AUTH", text, cause);
  if (code !== undefined && UNSUPPORTED.has(code)) return new SidingError("SIDING_BROKER_UNSUPPORTED", text, cause);
  return new SidingError("SIDING_BROKER_UNREACHABLE", text, cause);
}
