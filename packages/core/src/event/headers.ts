/** The headers that Siding writes; an event may not carry one of these names itself (contract, "What arrives in Kafka"). */
export const SIDING_HEADERS = [
  "tenant-id",
  "dedupe-key",
  "event-id",
  "event-topic",
  "event-created-at",
  "retry-count",
  "processing-attempt",
  "x-timestamp-ms",
  "x-schema-version",
  "x-producer-id",
  "replay-job-id",
] as const;

/** Version of the header set itself. It rises when a header changes its meaning. */
export const HEADER_SCHEMA_VERSION = "1";
