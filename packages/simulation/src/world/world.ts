import { SeededRandom } from "@siding/testkit/random.js";
import type { Draft } from "@siding/testkit/simulated-log.js";
import { Arrivals } from "../check/arrivals.js";
import { QuotaCheck } from "../check/quota-check.js";
import { Replays } from "../check/replays.js";
import { Witness } from "../check/witness.js";
import { type IsRefused, SimulatedKafka } from "../kafka/simulated-kafka.js";
import { SimulatedPostgres } from "../postgres/simulated-postgres.js";
import type { Action, EventPlan, Schedule } from "../schedule/schedule.js";
import { Application } from "./application.js";
import { Coverage } from "./coverage.js";
import { Fleet } from "./fleet.js";
import { Faults } from "./interference.js";
import { Operator } from "./operator.js";
import type { RelayProcess } from "./relay-process.js";
import { SimulatedPolicies } from "./simulated-policies.js";
import { Story } from "./story.js";
import type { Surroundings } from "./surroundings.js";
import { Timeline } from "./timeline.js";

/** All that one schedule is played with: a clock, two systems, applications, relays, and who watches them. */
export class World implements Surroundings {
  readonly schedule: Schedule;
  readonly timeline = new Timeline();
  readonly coverage = new Coverage();
  readonly story: Story;
  /** Latencies inside the two systems. */
  readonly life: SeededRandom;
  readonly faults: Faults;
  readonly arrivals: Arrivals;
  readonly replays: Replays;
  readonly witness: Witness;
  readonly policies: SimulatedPolicies;
  readonly postgres: SimulatedPostgres;
  readonly kafka: SimulatedKafka;
  readonly application: Application;
  readonly operator: Operator;
  readonly fleet: Fleet;
  isRelayToRun = false;
  isPostgresUp = true;

  constructor(schedule: Schedule, isTold: boolean) {
    this.schedule = schedule;
    this.story = new Story(this.timeline, isTold);
    this.life = new SeededRandom(schedule.seed);
    this.faults = new Faults(schedule.faults, (action, process, step) => this.#strike(action, process, step));
    this.arrivals = new Arrivals(schedule.delivery === "at-least-once");
    this.replays = new Replays(schedule.delivery === "at-least-once");
    this.witness = new Witness({
      coverage: this.coverage,
      story: this.story,
      arrivals: this.arrivals,
      replays: this.replays,
      quotas: schedule.delivery === "exactly-once" ? new QuotaCheck(schedule.tenants) : null,
      nowMs: () => this.timeline.nowMs,
      postgres: () => this.postgres,
    });
    this.policies = new SimulatedPolicies(schedule.tenants, () => this.timeline.nowMs);
    this.postgres = new SimulatedPostgres(schedule.shards, () => this.timeline.nowMs, this.witness);
    this.kafka = new SimulatedKafka({
      timeline: this.timeline,
      story: this.story,
      witness: this.witness,
      isRefused: refusalsOf(schedule),
      isTopicThere: (topic) => this.#isTopicThere(topic),
      lagMs: () => this.life.next() ** 3 * 8,
    });
    this.application = new Application(this);
    this.operator = new Operator(this);
    this.fleet = new Fleet(this);
  }

  draftOf(event: EventPlan): Draft {
    return {
      shard: event.tenant % this.schedule.shards,
      tenantId: `tenant ${event.tenant}`,
      key: event.key,
      topic: event.topic,
      eventId: event.id,
      bytes: event.bytes,
    };
  }

  #isTopicThere(name: string): boolean {
    const now = this.timeline.nowMs;
    const topic = this.schedule.topics.find((each) => each.name === name);
    return topic?.missing.every(({ fromMs, untilMs }) => now < fromMs || now >= untilMs) ?? true;
  }

  /** What a fault does to more than the message at whose step it struck. */
  #strike(action: Action, process: RelayProcess, step: string): void {
    const at = `at ${step}`;
    switch (action.kind) {
      case "crash":
        this.fleet.crash(process, action.downMs, at);
        return;
      case "pause":
        this.fleet.pause(process, action.ms, at);
        return;
      case "stop":
        this.fleet.stop(process, action.downMs, at);
        return;
      case "join":
        this.fleet.join();
        return;
      case "move-coordinator":
        this.coverage.note("coordinator-moved");
        this.story.tell("kafka", () => `moves its coordinators, for ${action.ms} ms`);
        this.kafka.moveCoordinators(action.ms);
        return;
      case "restart-postgres":
        this.#restartPostgres(action.downMs);
        return;
      case "lose":
      case "delay":
        throw new Error(`${action.kind} strikes a message`);
    }
  }

  #restartPostgres(downMs: number): void {
    if (!this.isPostgresUp) return;
    this.coverage.note("postgres-restart");
    this.story.tell("postgres", () => `stops at once, and is back after ${downMs} ms`);
    this.isPostgresUp = false;
    this.application.postgresStopped();
    this.postgres.restart();
    this.timeline.after(downMs, () => {
      this.isPostgresUp = true;
    });
  }
}

function refusalsOf(schedule: Schedule): IsRefused {
  const plans = new Map(schedule.transactions.flatMap(({ events }) => events.map((event) => [event.id, event])));
  return ({ eventId }, by, refusedBefore) => {
    const plan = plans.get(eventId)!;
    return plan.refusedBy === by && plan.refusals > refusedBefore;
  };
}
