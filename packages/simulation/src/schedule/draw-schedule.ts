import { SeededRandom } from "@siding/testkit/random.js";
import { REQUESTS } from "../kafka/broker-client.js";
import { READS, WRITES } from "../postgres/simulated-store.js";
import { ANY_STEP } from "../world/interference.js";
import type {
  Action,
  EventPlan,
  Fault,
  JobPlan,
  RelayPlan,
  Schedule,
  TenantPlan,
  TopicPlan,
  TransactionPlan,
} from "./schedule.js";

/** Steps of the protocol proper are struck more often than what goes on around it. */
const PROTOCOL: ReadonlySet<string> = new Set([
  "prepare",
  "promote",
  "discard",
  "advance",
  "claim",
  "release",
  "read-page",
  "read-lane-pages",
  "read-lines",
  "record-failures",
  "read-job-page",
  "init",
  "committed",
  "produce",
  "offsets",
  "commit",
  "abort",
  "append",
]);
const PROTOCOL_WEIGHT = 4;

const STEPS: readonly string[] = [
  ...[...READS, ...REQUESTS].flatMap((call) => stepsOf(call, ["start", "effect", "answer"])),
  ...WRITES.flatMap((call) => stepsOf(call, ["start", "effect", "commit", "answer"])),
];

const TOPICS = ["orders", "mails"];
/** The applications' transactions start within this: mostly here and there, sometimes all of them in a burst. */
const WRITING_MS = 1_000;
const BURST_MS = 60;
const BURSTS = 0.35;

/** Everything about a run that is left to chance, from one number. */
export function drawSchedule(seed: number): Schedule {
  const random = new SeededRandom(seed);
  const delivery = random.chance(0.12) ? "at-least-once" : "exactly-once";
  const tenants = 1 + random.below(4);
  const unwell = random.chance(0.3);
  // Tenants that are held take many small batches: half of the schedules leave the time to others.
  const isRegulated = random.chance(0.5);
  const isBurst = random.chance(BURSTS);
  const burstFromMs = random.below(WRITING_MS);
  const drawStartMs = (): number => (isBurst ? burstFromMs + random.next() * BURST_MS : random.next() * WRITING_MS);
  let events = 0;
  const drawEvent = (): EventPlan => drawEventPlan(random, `e${++events}`, { tenants, unwell, delivery });
  return {
    seed,
    delivery,
    shards: random.pick([1, 1, 2, 3]),
    relays: Array.from({ length: random.pick([1, 2, 2, 3]) }, () => drawRelay(random)),
    batchEventsMax: random.pick([1, 2, 3, 4, 8, 50]),
    batchBytesMax: random.pick([1_000_000, 1_000_000, 40, 15]),
    attemptsMax: random.pick([2, 3]),
    topics: TOPICS.map((name) => drawTopic(random, name)),
    tenants: Array.from({ length: tenants }, () => (isRegulated ? drawTenant(random) : UNREGULATED)),
    transactions: Array.from({ length: (isBurst ? 12 : 3) + random.below(16) }, (_, i) =>
      drawTransaction(random, `app-${i + 1}`, drawStartMs(), drawEvent),
    ),
    faults: Array.from({ length: random.pick([0, 1, 3, 4, 6, 8, 12]) }, () => drawFault(random)),
    jobs: [
      ...Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => drawJob(random, tenants)),
      ...(unwell && random.chance(0.4) ? drawRulings(random) : []),
    ],
  };
}

function drawRelay(random: SeededRandom): RelayPlan {
  return {
    startMs: random.below(60),
    clockRate: random.chance(0.3) ? 0.5 + random.next() : 1,
    clockOffsetMs: random.chance(0.5) ? random.below(2_000_000) - 1_000_000 : 0,
  };
}

function drawTopic(random: SeededRandom, name: string): TopicPlan {
  if (!random.chance(0.1)) return { name, missing: [] };
  const fromMs = random.below(WRITING_MS);
  return { name, missing: [{ fromMs, untilMs: fromMs + 50 + random.below(700) }] };
}

const UNREGULATED: TenantPlan = { quota: null, batchLimit: null, weight: 1, pauses: [] };

function drawTenant(random: SeededRandom): TenantPlan {
  const isQuota = random.chance(0.2);
  const windowMs = random.pick([50, 200, 400]);
  const fromMs = random.below(WRITING_MS);
  return {
    quota: isQuota
      ? {
          events: random.chance(0.8) ? 1 + random.below(8) : null,
          bytes: random.chance(0.3) ? 12 + random.below(40) : null,
          windowMs,
        }
      : null,
    batchLimit: random.chance(0.25) ? 1 + random.below(3) : null,
    weight: random.pick([1, 1, 3]),
    pauses: random.chance(0.1)
      ? [{ fromMs, untilMs: fromMs + 20 + random.below(600), isExpiring: random.chance(0.5) }]
      : [],
  };
}

function drawTransaction(
  random: SeededRandom,
  name: string,
  startMs: number,
  drawEvent: () => EventPlan,
): TransactionPlan {
  const isLarge = random.chance(0.15);
  return {
    name,
    startMs,
    earlyMs: random.chance(0.3) ? random.below(200) : 0,
    locks: random.chance(0.6),
    events: Array.from({ length: isLarge ? 6 + random.below(10) : 1 + random.below(4) }, drawEvent),
    tailMs: random.chance(0.25) ? random.below(500) : random.below(4),
    fate: random.chance(0.12) ? "rollback" : "commit",
  };
}

function drawEventPlan(
  random: SeededRandom,
  id: string,
  about: { tenants: number; unwell: boolean; delivery: Schedule["delivery"] },
): EventPlan {
  const isRefused = about.unwell && random.chance(0.08);
  // Without transactions a refused event's neighbours are delivered all the same, so its order is not promised.
  const isOnceOnly = about.delivery === "exactly-once";
  return {
    id,
    tenant: random.below(about.tenants),
    topic: random.chance(0.8) ? TOPICS[0]! : TOPICS[1]!,
    key: random.chance(0.8) ? random.pick(["k1", "k2"]) : null,
    bytes: 1 + random.below(12),
    afterMs: random.chance(0.2) ? random.below(120) : random.below(3),
    drawMs: random.chance(0.15) ? random.below(40) : 0.02,
    refusals: !isRefused ? 0 : isOnceOnly ? random.pick([1, 3, 99]) : 99,
    refusedBy: isOnceOnly && random.chance(0.5) ? "broker" : "client",
  };
}

function drawJob(random: SeededRandom, tenants: number): JobPlan {
  return {
    startMs: random.below(WRITING_MS + 300),
    kind: random.pick(["replay", "replay", "replay", "redrive", "discard"] as const),
    status: random.pick(["published", "published", null, "pending", "dead"] as const),
    tenant: random.chance(0.4) ? random.below(tenants) : null,
    topic: random.chance(0.2) ? random.pick(TOPICS) : null,
    eventsPerSecond: random.chance(0.3) ? random.pick([20, 100, 1_000]) : null,
    cancelAfterMs: random.chance(0.2) ? random.below(400) : null,
  };
}

/** Several at once over the same dead letters, some of them cancelled at once as well. */
function drawRulings(random: SeededRandom): JobPlan[] {
  const startMs = WRITING_MS / 2 + random.below(WRITING_MS);
  return Array.from({ length: 3 }, () => ({
    startMs: startMs + random.below(30),
    kind: random.pick(["redrive", "redrive", "discard"] as const),
    status: null,
    tenant: null,
    topic: null,
    eventsPerSecond: null,
    cancelAfterMs: random.chance(0.5) ? random.below(20) : null,
  }));
}

function drawFault(random: SeededRandom): Fault {
  if (random.chance(0.25)) return { step: ANY_STEP, nth: 1 + random.below(600), action: drawAction(random) };
  // The early ones more often: a discard does not come a dozen times.
  const nth = 1 + Math.floor(random.next() ** 3 * 14);
  return { step: random.pick(STEPS), nth, action: drawAction(random) };
}

function drawAction(random: SeededRandom): Action {
  const dice = random.next();
  if (dice < 0.22) return { kind: "crash", downMs: random.pick([10, 100, 400, 800]) };
  if (dice < 0.44) return { kind: "pause", ms: random.pick([5, 40, 150, 350, 500, 900]) };
  if (dice < 0.67) return { kind: "lose", resetMs: random.chance(0.5) ? random.below(30) : null };
  if (dice < 0.86) return { kind: "delay", ms: random.pick([2, 10, 40, 130, 300, 600]) };
  if (dice < 0.9) return { kind: "stop", downMs: random.pick([10, 100, 400]) };
  if (dice < 0.93) return { kind: "join" };
  if (dice < 0.97) return { kind: "move-coordinator", ms: random.pick([5, 50, 200, 700]) };
  return { kind: "restart-postgres", downMs: random.pick([5, 100, 500]) };
}

function stepsOf(call: string, moments: readonly string[]): string[] {
  const steps = moments.map((moment) => `${call}:${moment}`);
  return PROTOCOL.has(call) ? Array.from({ length: PROTOCOL_WEIGHT }, () => steps).flat() : steps;
}
