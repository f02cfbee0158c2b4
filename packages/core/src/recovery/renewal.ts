/**
 * A number is written to Kafka anew when it is this old. The progress topic keeps its latest records for ever where Siding
 * made it; one that an operator made with a retention keeps them for days.
 */
export const RENEW_AFTER_MS = 24 * 3_600_000;
