import type { SimulatedKafka } from "../kafka/simulated-kafka.js";
import type { Schedule } from "../schedule/schedule.js";
import type { Coverage } from "./coverage.js";
import type { Faults } from "./interference.js";
import type { Story } from "./story.js";
import type { Timeline } from "./timeline.js";

/** What a relay's process and its way to Kafka need of the world around them; a test of that port alone has no more. */
export interface Surroundings {
  readonly schedule: Pick<Schedule, "seed" | "delivery">;
  readonly timeline: Timeline;
  readonly coverage: Coverage;
  readonly story: Story;
  readonly faults: Faults;
  readonly kafka: SimulatedKafka;
  /** Set when something has reached a relay: its own code runs before anything else happens. */
  isRelayToRun: boolean;
}
