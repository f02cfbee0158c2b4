export interface SampleTenant {
  readonly tenantId: string;
  readonly transactionsPerSecond: number;
}

/** Tenants of different sizes: a busy few, and a long tail, as most deployments have. */
export const SAMPLE_TENANTS: readonly SampleTenant[] = (
  [
    ["dev-acme", 60],
    ["dev-globex", 40],
    ["dev-initech", 25],
    ["dev-umbrella", 16],
    ["dev-hooli", 12],
    ["dev-wonka", 8],
    ["dev-tyrell", 6],
    ["dev-duff", 4],
    ["dev-oceanic", 3],
    ["dev-pied-piper", 2],
    ["dev-zürich", 1],
    ["dev-soylent", 0.5],
  ] as const
).map(([tenantId, transactionsPerSecond]) => ({ tenantId, transactionsPerSecond }));

/** Few enough that transactions of one tenant meet on the same row and queue for its lock. */
export const ORDERS_A_TENANT = 12;

/** The prefix keeps them apart from an application's topics where the brokers are its own. */
export const SAMPLE_TOPICS = {
  orders: "siding-dev.orders",
  payments: "siding-dev.payments",
  emails: "siding-dev.emails",
} as const;
