import type { Lane, LaneFilter, LaneRow } from "./lane.js";

/**
 * The lanes of one shard. A row rides the most specific lane that covers it: its tenant's and topic's, else its
 * tenant's, else its topic's; where there is none, the main line. A tenant is narrower than a topic, so that what stops
 * one tenant never depends on what stops a topic for everybody.
 */
export class Lanes implements Iterable<Lane> {
  readonly #byBoth = new Map<string, Map<string, Lane>>();
  readonly #byTenant = new Map<string, Lane>();
  readonly #byTopic = new Map<string, Lane>();
  #size = 0;

  constructor(lanes: Iterable<Lane> = []) {
    for (const lane of lanes) this.set(lane);
  }

  get size(): number {
    return this.#size;
  }

  get topicLanes(): Iterable<Lane> {
    return this.#byTopic.values();
  }

  /** The lane that carries the row; undefined: the main line does. */
  cover(row: Pick<LaneRow, "tenantId" | "topic">): Lane | undefined {
    if (this.#size === 0) return undefined;
    return (
      this.#byBoth.get(row.tenantId)?.get(row.topic) ?? this.#byTenant.get(row.tenantId) ?? this.#byTopic.get(row.topic)
    );
  }

  get({ tenantId, topic }: LaneFilter): Lane | undefined {
    if (tenantId === null) return this.#byTopic.get(topic!);
    return topic === null ? this.#byTenant.get(tenantId) : this.#byBoth.get(tenantId)?.get(topic);
  }

  set(lane: Lane): void {
    const { tenantId, topic } = lane.filter;
    if (this.get(lane.filter) === undefined) this.#size += 1;
    if (tenantId === null) this.#byTopic.set(topic!, lane);
    else if (topic === null) this.#byTenant.set(tenantId, lane);
    else {
      const ofTenant = this.#byBoth.get(tenantId) ?? new Map<string, Lane>();
      this.#byBoth.set(tenantId, ofTenant.set(topic, lane));
    }
  }

  delete({ tenantId, topic }: LaneFilter): void {
    if (this.get({ tenantId, topic }) === undefined) return;
    this.#size -= 1;
    if (tenantId === null) this.#byTopic.delete(topic!);
    else if (topic === null) this.#byTenant.delete(tenantId);
    else {
      const ofTenant = this.#byBoth.get(tenantId)!;
      ofTenant.delete(topic);
      if (ofTenant.size === 0) this.#byBoth.delete(tenantId);
    }
  }

  *[Symbol.iterator](): Iterator<Lane> {
    for (const ofTenant of this.#byBoth.values()) yield* ofTenant.values();
    yield* this.#byTenant.values();
    yield* this.#byTopic.values();
  }
}
