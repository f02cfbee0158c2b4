import { SimulatedStore } from "@siding/simulation/postgres/simulated-store.js";
import type { Schedule } from "@siding/simulation/schedule/schedule.js";
import { RelayProcess } from "@siding/simulation/world/relay-process.js";
import { World } from "@siding/simulation/world/world.js";
import { storeContract } from "@siding/testkit/store-contract/store-contract.js";
import {
  type EventDraft,
  type OpenTransaction,
  SHARDS,
  type StoreUnderTest,
} from "@siding/testkit/store-contract/store-under-test.js";
import { keepTimeGoing, simulatedMs } from "./keep-time-going.js";

/** Nobody but the test does anything in it. */
const QUIET: Schedule = {
  seed: 1,
  delivery: "exactly-once",
  shards: SHARDS,
  relays: [],
  batchEventsMax: 1,
  batchBytesMax: 1,
  attemptsMax: 1,
  topics: [],
  tenants: [],
  transactions: [],
  jobs: [],
  faults: [],
};

storeContract("SimulatedStore", async (): Promise<StoreUnderTest> => {
  const world = new World(QUIET, false);
  const process = new RelayProcess(world, 0, 0, { startMs: 0, clockRate: 1, clockOffsetMs: 0 });
  const endTime = keepTimeGoing(world.timeline);
  return {
    store: new SimulatedStore(world, process),
    begin: async () => begin(world),
    passTime: (ms) => simulatedMs(world.timeline, ms),
    makeJob: async (kind) => {
      const everything = { status: null, tenant: null, topic: null, eventsPerSecond: null, cancelAfterMs: null };
      world.postgres.makeJob(`job-${++asked}`, { startMs: 0, kind, ...everything });
    },
    endHalt: async (shard) => {
      world.postgres.shards[shard]!.haltedReason = null;
    },
    close: async () => endTime(),
  };
});

let enqueued = 0;
let asked = 0;

/** As siding.enqueue does it: the xid is drawn with the first event, before its seq. */
function begin({ postgres: { log } }: World): OpenTransaction {
  let xid: bigint | null = null;
  return {
    enqueue: async ({ shard, tenant = 0, payload = "{}", topic = "t", key, headers }: EventDraft) => {
      xid ??= log.begin();
      const eventId = `event-${++enqueued}`;
      const bytes = 10 + payload.length;
      const draft = { shard, tenantId: `t-${tenant}`, topic, eventId, key: key ?? null, bytes, payload, headers };
      return log.insert(xid, draft).seq;
    },
    commit: async () => log.commit(xid!),
    rollback: async () => log.rollback(xid!),
  };
}
