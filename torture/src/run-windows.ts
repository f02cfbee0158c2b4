import { setTimeout as sleep } from "node:timers/promises";
import type { FailPoint } from "@siding/core/ports/fail-point.js";
import { CommittedConsumer } from "@siding/testkit/delivery/committed-consumer.js";
import { DeliveryLedger } from "@siding/testkit/delivery/delivery-ledger.js";
import { outboxFaults, shardsOfProcess } from "./check/read-outbox.js";
import { leadToPoint } from "./faults/lead-to-point.js";
import type { RelaySlot } from "./relay/relay-slot.js";
import { isClean, renderDelivery } from "./report/render-outcome.js";
import { openWorld, PARTITIONS, TOPIC, type World } from "./services/open-world.js";
import type { RunLog } from "./services/run-log.js";
import { LIMITED_TENANTS, limitTenants } from "./windows/limited-tenants.js";
import { SteadyBacklog } from "./windows/steady-backlog.js";
import { WindowCheck } from "./windows/window-check.js";

/** Short, so that a window holds several takeovers. */
const LEASE_MS = 1_000;
/** The steps at which what a tenant has used lies in one of the two systems, or on its way between them. */
const STEPS: readonly FailPoint[] = [
  ...(["after-read", "before-prepare", "after-prepare", "after-begin", "after-produce", "after-number"] as const),
  ...(["before-commit", "after-commit", "before-promote", "after-promote"] as const),
];
const MOVES_TIMEOUT_MS = 60_000;
const SETTLE_STALL_MS = 60_000;

export interface WindowsOptions {
  readonly kills: number;
  readonly seed: number;
  readonly log: RunLog;
}

/**
 * Tenants that always have more to send than their quotas let through, on one shard, whose owner is killed again and
 * again: at a step of a batch, or at a moment that no step chooses. Every sliding window of what arrived is counted.
 */
export async function runWindows({ kills, seed, log }: WindowsOptions): Promise<boolean> {
  log.say(`windows: ${kills} kills, lease ${LEASE_MS} ms, seed ${seed}`);
  const topicConfig = { "message.timestamp.type": "LogAppendTime" };
  const world = await openWorld({ leaseMs: LEASE_MS, seed, log, shards: 1, topicConfig });
  const ledger = new DeliveryLedger();
  const windows = new WindowCheck(LIMITED_TENANTS);
  let consumer: CommittedConsumer | undefined;
  try {
    await limitTenants(world.postgres.url);
    consumer = await CommittedConsumer.open({
      ...{ brokers: world.kafka.brokers, topic: TOPIC, partitions: PARTITIONS },
      onRecord: (record) => {
        const fault = ledger.receive(record);
        if (fault === null) windows.receive(record);
        else log.say(fault);
      },
    });
    const backlog = await SteadyBacklog.start(world.postgres.url, LIMITED_TENANTS, (id) => windows.received(id));
    for (const relay of world.relays) relay.start();
    let atSteps = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const place = await killOwner(world, ledger, kill % 2 === 1);
      if (place !== null) atSteps += 1;
      log.say(`kill ${kill}: ${place ?? "at no step"}, ${ledger.received} events, at least ${backlog.least} waiting`);
    }
    await moves(ledger);
    const expected = await backlog.finish();
    const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
    await consumer.until(total, { stallMs: SETTLE_STALL_MS });
    const faults = world.relays.flatMap((relay) => relay.unexpectedEnds);
    for (const fault of await Promise.all(world.relays.map((relay) => relay.stop()))) {
      if (fault !== null) faults.push(fault);
    }
    faults.push(...(await outboxFaults(world.postgres.url, total)));
    if (backlog.least <= 0) faults.push("a tenant had nothing waiting at times: its windows prove less");
    const outcome = { verdict: ledger.verdict(expected), faults };
    const { table, isKept } = windows.verdict();
    const passed = isKept && isClean(outcome);
    process.stdout.write(`\n${table}${renderDelivery(outcome)}`);
    process.stdout.write(`${kills} kills, ${atSteps} of them at a step of a batch\n`);
    process.stdout.write(
      passed
        ? "no sliding window held more than limit + burst, and every event came once, in order\n"
        : `FAILED with seed ${seed}; logs: ${log.directory}\n`,
    );
    return passed;
  } finally {
    await consumer?.close();
    await world.close();
  }
}

/** Answers the step at which the owner stood, or null where it stood at none. */
async function killOwner(world: World, ledger: DeliveryLedger, isAtStep: boolean): Promise<FailPoint | null> {
  await moves(ledger);
  const { random } = world;
  // At once, or only after the other one has taken over.
  const restartMs = random.chance(0.5) ? 0 : 2 * LEASE_MS;
  const step = random.pick(STEPS);
  const frozen = isAtStep ? await leadToPoint(world, step) : null;
  if (frozen !== null) {
    await frozen.relay.kill(restartMs);
    return step;
  }
  await sleep(random.below(LEASE_MS));
  await (await owner(world)).kill(restartMs);
  return null;
}

/** Whoever owns the shard publishes. */
async function moves(ledger: DeliveryLedger): Promise<void> {
  const before = ledger.received;
  const deadline = performance.now() + MOVES_TIMEOUT_MS;
  while (ledger.received === before) {
    if (performance.now() > deadline) throw new Error(`nothing was published for ${MOVES_TIMEOUT_MS} ms`);
    await sleep(20);
  }
}

async function owner({ relays, postgres }: World): Promise<RelaySlot> {
  const deadline = performance.now() + MOVES_TIMEOUT_MS;
  while (performance.now() < deadline) {
    for (const relay of relays) {
      if ((await shardsOfProcess(postgres.url, relay.processId)).length > 0) return relay;
    }
    await sleep(20);
  }
  throw new Error(`nobody owned the shard for ${MOVES_TIMEOUT_MS} ms`);
}
