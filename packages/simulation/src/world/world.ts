import { SeededRandom } from "@siding/testkit/random.js";
import type { Draft } from "@siding/testkit/simulated-log.js";
import { Arrivals } from "../check/arrivals.js";
import { Witness } from "../check/witness.js";
import { SimulatedKafka } from "../kafka/simulated-kafka.js";
import { SimulatedPostgres } from "../postgres/simulated-postgres.js";
import type { Action, EventPlan, Schedule } from "../schedule/schedule.js";
import { Application } from "./application.js";
import { Coverage } from "./coverage.js";
import { Fleet } from "./fleet.js";
import { Faults } from "./interference.js";
import type { RelayProcess } from "./relay-process.js";
import { Story } from "./story.js";
import { Timeline } from "./timeline.js";

/** All that one schedule is played with: a clock, two systems, applications, relays, and who watches them. */
export class World {
  readonly schedule: Schedule;
  readonly timeline = new Timeline();
  readonly coverage = new Coverage();
  readonly story: Story;
  /** Latencies inside the two systems. */
  readonly life: SeededRandom;
  readonly faults: Faults;
  readonly arrivals: Arrivals;
  readonly witness: Witness;
  readonly postgres: SimulatedPostgres;
  readonly kafka: SimulatedKafka;
  readonly application: Application;
  readonly fleet: Fleet;
  /** Set when something has reached a relay: its own code runs before anything else happens. */
  isRelayToRun = false;
  isPostgresUp = true;

  constructor(schedule: Schedule, isTold: boolean) {
    this.schedule = schedule;
    this.story = new Story(this.timeline, isTold);
    this.life = new SeededRandom(schedule.seed);
    this.faults = new Faults(schedule.faults, (action, process, step) => this.#strike(action, process, step));
    this.arrivals = new Arrivals(schedule.delivery === "at-least-once");
    this.witness = new Witness({
      coverage: this.coverage,
      story: this.story,
      arrivals: this.arrivals,
      postgres: () => this.postgres,
    });
    this.postgres = new SimulatedPostgres(schedule.shards, () => this.timeline.nowMs, this.witness);
    this.kafka = new SimulatedKafka({
      timeline: this.timeline,
      story: this.story,
      witness: this.witness,
      eventPlans: new Map(schedule.transactions.flatMap(({ events }) => events.map((event) => [event.id, event]))),
      isTopicThere: (topic) => this.#isTopicThere(topic),
      lagMs: () => this.life.next() ** 3 * 8,
    });
    this.application = new Application(this);
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
        break;
      case "pause":
        this.fleet.pause(process, action.ms, at);
        break;
      case "stop":
        this.fleet.stop(process, action.downMs, at);
        break;
      case "join":
        this.fleet.join();
        break;
      case "move-coordinator":
        this.coverage.note("coordinator-moved");
        this.story.tell("kafka", () => `moves its coordinators, for ${action.ms} ms`);
        this.kafka.moveCoordinators(action.ms);
        break;
      case "restart-postgres":
        this.#restartPostgres(action.downMs);
        break;
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
