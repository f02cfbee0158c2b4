import { STATUS_CODES } from "node:http";
import { type ErrorCode, isSidingError, type SidingError } from "@siding/core/errors.js";
import { ERROR_TYPE_PREFIX, type Problem } from "../api/problem.js";

/** A request that is refused, and what its sender may know of it. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message what is wrong with the request and how to mend it, as sentences */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

/** Which of Siding's errors say something about the request. Every other one is the server's own trouble. */
const STATUS_OF: { readonly [K in ErrorCode]?: number } = {
  SIDING_USAGE: 400,
  SIDING_EVENT_UNKNOWN: 404,
  SIDING_JOB_UNKNOWN: 404,
  SIDING_REPLAY_OFF: 409,
  SIDING_QUERY_TOO_WIDE: 422,
  SIDING_STORE_UNREACHABLE: 503,
};
const RETRY_AFTER_SECONDS = "2";

interface InvalidValue {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What a failed request is answered with. The trouble of a server is told to its log, not to the sender. */
export function problemOf(error: unknown, requestId: string): ProblemAnswer {
  if (error instanceof HttpProblem) return answer(error.status, requestId, { detail: error.message }, error.headers);
  if (isSidingError(error)) return ofSidingError(error, requestId);
  const { statusCode, validation, validationContext } = Object(error) as {
    statusCode?: unknown;
    validation?: readonly InvalidValue[];
    validationContext?: string;
  };
  if (Array.isArray(validation)) {
    const errors = validation.map((each) => invalidValue(each, validationContext ?? "request"));
    return answer(400, requestId, { detail: "Correct the values named in errors.", errors });
  }
  const status = typeof statusCode === "number" && statusCode >= 400 && statusCode < 600 ? statusCode : 500;
  if (status === 503)
    return answer(503, requestId, { detail: "No answer in time. Try again, or ask for less." }, retry());
  return answer(status, requestId, status < 500 && error instanceof Error ? { detail: error.message } : {});
}

function ofSidingError(error: SidingError, requestId: string): ProblemAnswer {
  const status = STATUS_OF[error.code] ?? 500;
  const type = `${ERROR_TYPE_PREFIX}${error.code}`;
  if (status === 503) {
    return answer(503, requestId, { type, detail: "The database does not answer, or is busy. Try again." }, retry());
  }
  if (status === 500) return answer(500, requestId, {});
  return answer(status, requestId, { type, detail: error.message });
}

function answer(
  status: number,
  requestId: string,
  more: Partial<Problem>,
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  const title = STATUS_CODES[status] ?? "Error";
  return { status, headers, body: { type: "about:blank", title, status, ...more, request_id: requestId } };
}

function retry(): Readonly<Record<string, string>> {
  return { "retry-after": RETRY_AFTER_SECONDS };
}

function invalidValue(
  { instancePath, message, params }: InvalidValue,
  context: string,
): { where: string; message: string } {
  const name = params?.additionalProperty ?? params?.missingProperty;
  const path = `${instancePath ?? ""}${typeof name === "string" ? `/${name}` : ""}`.slice(0, 200);
  return { where: `${context}${path}`, message: message ?? "is invalid" };
}
