import { setTimeout as sleep } from "node:timers/promises";
import type { RelaySlot } from "../relay/relay-slot.js";
import type { World } from "../services/open-world.js";
import { cutBackends } from "./cut-backends.js";

/** What is done to a relay that stands still at a fail point, or to the systems around it. Afterwards all of it runs. */
export type Fault = (relay: RelaySlot, world: World) => Promise<void>;

/** Until the relay goes on while a server is away: long enough for the server to be gone. */
const AWAY_AFTER_MS = 200;

export const FAULTS = {
  "kill -9": async (relay, { random }) => {
    await relay.kill(random.below(1_000));
  },
  "pause past lease": async (relay, { random, leaseMs }) => {
    await sleep(leaseMs + 200 + random.below(800));
    await relay.resume();
  },
  "broker stop": (relay, world) => restart(relay, world, () => world.kafka.restart("fast")),
  "broker kill": (relay, world) => restart(relay, world, () => world.kafka.restart("immediate")),
  "postgres crash": (relay, world) => restart(relay, world, () => world.postgres.restart("immediate")),
  "backends ended": async (relay, { postgres }) => {
    await cutBackends(postgres.url, relay.toPostgres.portsAtServer);
    await relay.resume();
  },
  "postgres cut": async (relay) => {
    relay.toPostgres.cut();
    await relay.resume();
  },
  "postgres slow": (relay, world) => slow(relay, world, relay.toPostgres),
  "postgres mute": (relay, world) => mute(relay, world, relay.toPostgres),
  "kafka cut": async (relay) => {
    relay.toKafka.cut();
    await relay.resume();
  },
  "kafka slow": (relay, world) => slow(relay, world, relay.toKafka),
  "kafka mute": (relay, world) => mute(relay, world, relay.toKafka),
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** These take seconds, and each round has them at a third of the points only. */
export const DEAR: ReadonlySet<FaultName> = new Set(["broker stop", "broker kill"]);

/** The relay goes on while the server is away, or once it is back: chance decides. */
async function restart(relay: RelaySlot, { random }: World, begin: () => Promise<void>): Promise<void> {
  const restarted = begin();
  if (random.chance(0.5)) await sleep(AWAY_AFTER_MS);
  else await restarted;
  await relay.resume();
  await restarted;
}

async function slow(relay: RelaySlot, { random }: World, proxy: RelaySlot["toKafka"]): Promise<void> {
  proxy.delay(50 + random.below(400));
  await relay.resume();
  await sleep(1_000);
  proxy.pass();
}

/** Requests take effect and nobody hears of it; for longer than a lease, at times. */
async function mute(relay: RelaySlot, { random, leaseMs }: World, proxy: RelaySlot["toKafka"]): Promise<void> {
  proxy.mute();
  await relay.resume();
  await sleep(200 + random.below(leaseMs + 500));
  proxy.pass();
  proxy.cut();
}
