/** A schedule: all that is decided about a run. It holds no functions, so that it can be cut down, kept and replayed. */
export interface Schedule {
  /** Draws the latencies, and what chance there is inside the relays. */
  readonly seed: number;
  readonly delivery: "exactly-once" | "at-least-once";
  readonly shards: number;
  readonly relays: readonly RelayPlan[];
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
  readonly attemptsMax: number;
  readonly topics: readonly TopicPlan[];
  readonly tenants: readonly TenantPlan[];
  readonly transactions: readonly TransactionPlan[];
  readonly jobs: readonly JobPlan[];
  readonly faults: readonly Fault[];
}

export interface RelayPlan {
  readonly startMs: number;
  /** How many of its own milliseconds pass in a true one: no promise rests on a relay's clock. */
  readonly clockRate: number;
  readonly clockOffsetMs: number;
}

/** What holds for one tenant. */
export interface TenantPlan {
  /** The burst is the limit. Bytes: at least the largest event's. */
  readonly quota: { readonly events: number | null; readonly bytes: number | null; readonly windowMs: number } | null;
  readonly batchLimit: number | null;
  readonly weight: number;
  readonly pauses: readonly { readonly fromMs: number; readonly untilMs: number; readonly isExpiring: boolean }[];
}

export interface TopicPlan {
  readonly name: string;
  readonly missing: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

/** An application's transaction. */
export interface TransactionPlan {
  readonly name: string;
  readonly startMs: number;
  /** Draws its xid with a first write of another table, this long before its first event. */
  readonly earlyMs: number;
  /** Holds the lock of each key that it writes until its end, so that the order of the key is claimed. */
  readonly locks: boolean;
  readonly events: readonly EventPlan[];
  /** From the last event to the end. */
  readonly tailMs: number;
  readonly fate: "commit" | "rollback";
}

/** An operator asks for events to be published once more, or rules on dead letters. */
export interface JobPlan {
  readonly startMs: number;
  readonly kind: "replay" | "redrive" | "discard";
  readonly status: "pending" | "published" | "dead" | null;
  readonly tenant: number | null;
  readonly topic: string | null;
  readonly eventsPerSecond: number | null;
  /** Null: it is left to end. */
  readonly cancelAfterMs: number | null;
}

export interface EventPlan {
  readonly id: string;
  readonly tenant: number;
  readonly topic: string;
  readonly key: string | null;
  readonly bytes: number;
  /** From the event before, or from the start. */
  readonly afterMs: number;
  /** From drawing the xid to drawing the seq: the two are one statement, and yet not one moment. */
  readonly drawMs: number;
  /** How often Kafka refuses it. */
  readonly refusals: number;
  /** By the client at once, or by the broker, which refuses all that came with it. */
  readonly refusedBy: "client" | "broker";
}

/** Where a schedule may interfere, and how. It does so when the step is reached for the nth time. */
export interface Fault {
  readonly step: string;
  readonly nth: number;
  readonly action: Action;
}

export type Action =
  /** The process dies here, and starts again later. */
  | { readonly kind: "crash"; readonly downMs: number }
  /** The process stands still, as under SIGSTOP. */
  | { readonly kind: "pause"; readonly ms: number }
  /** The process is told to stop in good order, and starts again later. */
  | { readonly kind: "stop"; readonly downMs: number }
  /** The message is lost; the caller is told so after a while, or only by its own time-out. */
  | { readonly kind: "lose"; readonly resetMs: number | null }
  | { readonly kind: "delay"; readonly ms: number }
  /** One more relay starts. */
  | { readonly kind: "join" }
  /** Kafka's coordinators move: until they have, every request is answered with "try again". */
  | { readonly kind: "move-coordinator"; readonly ms: number }
  /** Postgres stops at once and recovers: open transactions are gone, connections are cut. */
  | { readonly kind: "restart-postgres"; readonly downMs: number };
