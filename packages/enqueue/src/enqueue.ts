// The package's interface: what stands here is what applications may rely on. Adapters have an entry each
// (`@siding/enqueue/prisma.js` and so on), so that nobody loads one for a client they do not use.

export { EnqueueError, type EnqueueErrorCode, type EnqueueRetry } from "./enqueue-error.js";
export { enqueue } from "./enqueue-event.js";
export { enqueueMany } from "./enqueue-many.js";
export type { BytesEvent, Enqueued, EventOptions, JsonEvent, JsonPayload } from "./event.js";
export { findEnqueueError } from "./find-enqueue-error.js";
export { createOutbox, type Outbox, type TopicEvent, type TopicMap } from "./outbox.js";
export { PayloadInvalidError, type PayloadIssue } from "./payload-invalid-error.js";
export type { PayloadSchema } from "./payload-schema.js";
export type { SqlAnswer, SqlClient, SqlValue } from "./sql-client.js";
