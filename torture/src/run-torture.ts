import { setTimeout as sleep } from "node:timers/promises";
import { FAIL_POINTS, type FailPoint } from "@siding/core/ports/fail-point.js";
import { SeededRandom } from "@siding/testkit/random.js";
import { DeliveryCheck } from "./check/delivery-check.js";
import { shardsOfProcess } from "./check/read-outbox.js";
import { Deck } from "./faults/deck.js";
import { DEAR, FAULT_NAMES, FAULTS, type FaultName } from "./faults/fault-kinds.js";
import { type Frozen, leadToPoint } from "./faults/lead-to-point.js";
import { FaultTable } from "./report/fault-table.js";
import { isClean, renderOutcome, seconds } from "./report/render-outcome.js";
import { openWorld, type World } from "./services/open-world.js";
import type { RunLog } from "./services/run-log.js";

/** Short, so that a run holds many takeovers. */
const LEASE_MS = 1_500;
const ALL_SHARDS = [0, 1, 2, 3];
const PROGRESS_MS = 5_000;
/** After every other fault the next one waits until all shards deliver again, for so long at most; else it comes at once. */
const RECOVERED_TIMEOUT_MS = 4_000;
const FAILOVER_TIMEOUT_MS = 60_000;

export interface TortureOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly log: RunLog;
}

/** Answers whether all went well, after saying what was done and what came of it. */
export async function runTorture({ minutes, seed, log }: TortureOptions): Promise<boolean> {
  log.say(`torture: ${minutes} minutes, seed ${seed}`);
  const world = await openWorld({ leaseMs: LEASE_MS, seed, log });
  try {
    for (const relay of world.relays) relay.start();
    const check = await DeliveryCheck.start(world, seed);
    const torment = new Torment(world, check, seed);
    try {
      await torment.run(minutes * 60_000);
    } catch (error) {
      await check.close();
      throw error;
    }
    const outcome = await check.finish();
    const { table, failoversMs } = torment;
    process.stdout.write(`\n${table.render()}\n`);
    process.stdout.write(`faults ${table.total}, combinations ${table.coverage}, unreached ${table.unreached}\n`);
    process.stdout.write(renderOutcome(outcome, check.backlog, failoversMs));
    const passed = isClean(outcome) && table.total > 0 && outcome.verdict.expected > 0;
    process.stdout.write(
      passed ? "every event once, in order\n" : `FAILED with seed ${seed}; logs: ${log.directory}\n`,
    );
    return passed;
  } finally {
    await world.close();
  }
}

class Torment {
  readonly table = new FaultTable();
  readonly failoversMs: number[] = [];
  readonly #world: World;
  readonly #check: DeliveryCheck;
  readonly #deck: Deck<FailPoint, FaultName>;

  constructor(world: World, check: DeliveryCheck, seed: number) {
    this.#world = world;
    this.#check = check;
    // Chance of its own: what is dealt must not hang on how often something else asked for a number.
    this.#deck = new Deck({
      points: FAIL_POINTS,
      faults: FAULT_NAMES,
      dear: DEAR,
      random: new SeededRandom(seed),
    });
  }

  async run(ms: number): Promise<void> {
    const beganMs = performance.now();
    const progress = setInterval(() => this.#sayProgress(performance.now() - beganMs), PROGRESS_MS);
    try {
      await this.#check.arrivals.allSince(ALL_SHARDS, 0, FAILOVER_TIMEOUT_MS);
      while (performance.now() - beganMs < ms) {
        await this.#next();
        await this.#breathe();
      }
    } finally {
      clearInterval(progress);
    }
  }

  async #next(): Promise<void> {
    const { point, fault } = this.#deck.next();
    this.#check.backlog.during = `${fault} at ${point}`;
    const frozen = await leadToPoint(this.#world, point);
    if (frozen === null) {
      this.table.unreached += 1;
      this.#world.log.note(`${fault} at ${point}: no relay came there`);
      return;
    }
    this.#world.log.note(`${fault} at ${point}: relay ${frozen.relay.name}, shard ${frozen.shard}`);
    if (fault === "kill -9") await this.#timeFailover(frozen);
    await FAULTS[fault](frozen.relay, this.#world);
    this.table.count(point, fault);
  }

  async #timeFailover({ relay }: Frozen): Promise<void> {
    const shards = await shardsOfProcess(this.#world.postgres.url, relay.processId);
    if (shards.length === 0) return;
    void this.#check.arrivals.allSince(shards, Date.now(), FAILOVER_TIMEOUT_MS).then((ms) => {
      if (ms !== null) this.failoversMs.push(ms);
    });
  }

  /** Half of the faults strike while the relays still recover from the one before. */
  async #breathe(): Promise<void> {
    const { random } = this.#world;
    if (random.chance(0.5)) await sleep(random.below(300));
    else await this.#check.arrivals.allSince(ALL_SHARDS, Date.now(), RECOVERED_TIMEOUT_MS);
  }

  #sayProgress(ms: number): void {
    const { ledger, backlog } = this.#check;
    const { doubled, disordered } = ledger;
    this.#world.log.say(
      `${seconds(ms)}: ${this.table.total} faults, ${backlog.committed} events, backlog ${backlog.backlog}, ` +
        `doubled ${doubled.length}, disordered ${disordered.length}; now ${backlog.during}`,
    );
  }
}
