import { EnqueueError, PayloadInvalidError } from "@siding/enqueue";

export function httpStatusFor(error: unknown): number {
  if (error instanceof PayloadInvalidError) return 422; // error.issues says what and where
  if (error instanceof EnqueueError) return error.retry === "backoff" ? 503 : 400; // error.code, error.hint
  throw error;
}
