import { setTimeout as sleep } from "node:timers/promises";
import type { FailPoint } from "@siding/core/ports/fail-point.js";
import type { RelaySlot } from "../relay/relay-slot.js";
import type { World } from "../services/open-world.js";

/** Steps of a takeover: they come when a shard has to be claimed anew, and not by themselves. */
const AT_CLAIM: ReadonlySet<FailPoint> = new Set([
  "before-claim",
  "after-claim",
  "before-open",
  "after-open",
  "before-committed-read",
  "after-committed-read",
]);
/** Only what a dead owner planned and did not commit is discarded. */
const AT_DISCARD: ReadonlySet<FailPoint> = new Set(["before-discard", "after-discard"]);
const PLANNED_ONLY: readonly FailPoint[] = [
  "after-prepare",
  "after-begin",
  "after-produce",
  "after-number",
  "before-commit",
];

const REACHED_TIMEOUT_MS = 5_000;
const REFUSE_MS = 150;

export interface Frozen {
  readonly relay: RelaySlot;
  readonly shard: number | null;
}

/**
 * Resolves with the relay that stopped itself at the point, after whatever it takes for one to come there; null where
 * none did within some seconds, as while both still recover from what was done to them before.
 */
export async function leadToPoint(world: World, point: FailPoint): Promise<Frozen | null> {
  if (AT_DISCARD.has(point)) {
    const planned = await freezeAt(world, world.random.pick(PLANNED_ONLY));
    if (planned === null) return null;
    await planned.relay.kill(0);
  }
  return await freezeAt(world, point, AT_CLAIM.has(point) ? () => loseTheStore(world) : undefined);
}

/** A relay whose statements fail claims all its shards anew. */
async function loseTheStore({ relays, random }: World): Promise<void> {
  const { toPostgres } = random.pick(relays);
  toPostgres.refuse();
  await sleep(REFUSE_MS);
  toPostgres.pass();
}

/** Whichever relay comes to the point first stops there; the other one goes on. */
async function freezeAt(world: World, point: FailPoint, provoke?: () => Promise<void>): Promise<Frozen | null> {
  const { relays } = world;
  const timeout = new AbortController();
  const late = sleep(REACHED_TIMEOUT_MS, null, { signal: timeout.signal }).catch(() => null);
  const reached = new Promise<Frozen>((resolve) => {
    for (const relay of relays) {
      relay.onReached = (_, shard) => {
        for (const each of relays) {
          each.onReached = () => void each.resume();
          if (each !== relay) each.arm(null);
        }
        resolve({ relay, shard });
      };
      relay.arm(point);
    }
  });
  await provoke?.();
  const frozen = await Promise.race([reached, late]);
  timeout.abort();
  if (frozen !== null) return frozen;
  for (const relay of relays) {
    relay.onReached = () => void relay.resume();
    relay.arm(null);
  }
  return null;
}
