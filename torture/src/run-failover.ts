import { setTimeout as sleep } from "node:timers/promises";
import { DeliveryCheck } from "./check/delivery-check.js";
import { shardsOfProcess } from "./check/read-outbox.js";
import type { RelaySlot } from "./relay/relay-slot.js";
import { percentile } from "./report/percentile.js";
import { failovers, isClean, renderOutcome, seconds } from "./report/render-outcome.js";
import { openWorld, type World } from "./services/open-world.js";
import type { RunLog } from "./services/run-log.js";

/** What a takeover may take beyond the lease, at the 95th percentile. */
const BEYOND_LEASE_MS = 2_000;
const SHARDS = 4;
const BALANCED_TIMEOUT_MS = 60_000;
const FAILOVER_TIMEOUT_MS = 60_000;

export interface FailoverOptions {
  readonly kills: number;
  readonly leaseMs: number;
  readonly seed: number;
  readonly log: RunLog;
}

/**
 * Kills the owner of some shards at a moment that the protocol does not choose, again and again, and takes the time
 * until a read_committed consumer has an event of **every** one of its shards that was enqueued after the kill.
 */
export async function runFailover({ kills, leaseMs, seed, log }: FailoverOptions): Promise<boolean> {
  log.say(`failover: ${kills} kills, lease ${leaseMs} ms, seed ${seed}`);
  const world = await openWorld({ leaseMs, seed, log });
  try {
    for (const relay of world.relays) relay.start();
    const check = await DeliveryCheck.start(world, seed);
    const taken: number[] = [];
    for (let kill = 1; kill <= kills; kill++) {
      const ms = await timeOneKill(world, check);
      taken.push(ms);
      log.say(`kill ${kill}: ${seconds(ms)}`);
    }
    const outcome = await check.finish();
    process.stdout.write(renderOutcome(outcome, check.backlog, taken));
    const limitMs = leaseMs + BEYOND_LEASE_MS;
    const isInTime = percentile(taken, 95) <= limitMs;
    process.stdout.write(
      `${isInTime ? "met" : "MISSED"}: ${failovers(taken)}; aim: p95 at most ${seconds(limitMs)}, the lease and ${seconds(BEYOND_LEASE_MS)}\n`,
    );
    return isInTime && isClean(outcome);
  } finally {
    await world.close();
  }
}

async function timeOneKill(world: World, check: DeliveryCheck): Promise<number> {
  const { relays, random, leaseMs, postgres } = world;
  await untilBalanced(world);
  // Anywhere in the rhythm of the heartbeats.
  await sleep(random.below(leaseMs));
  const victim = random.pick(relays);
  const shards = await shardsOfProcess(postgres.url, victim.processId);
  check.backlog.during = `kill of relay ${victim.name}`;
  const sinceUnixMs = Date.now();
  const served = check.arrivals.allSince(shards, sinceUnixMs, FAILOVER_TIMEOUT_MS);
  // Back only when the other one has taken over: it is the takeover that is timed, not a start.
  await victim.kill(null);
  const ms = await served;
  victim.start();
  if (ms === null) throw new Error(`the shards of the dead relay stood still for ${FAILOVER_TIMEOUT_MS} ms`);
  return ms;
}

/** Each relay has its half of the shards. */
async function untilBalanced({ relays, postgres }: World): Promise<void> {
  const deadline = performance.now() + BALANCED_TIMEOUT_MS;
  const share = SHARDS / relays.length;
  for (;;) {
    const held = await Promise.all(relays.map((relay: RelaySlot) => shardsOfProcess(postgres.url, relay.processId)));
    if (held.every((shards) => shards.length === share)) return;
    if (performance.now() > deadline) throw new Error(`the relays hold ${held.map((each) => each.length)} shards`);
    await sleep(50);
  }
}
