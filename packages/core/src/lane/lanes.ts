import type { Lane, LaneFilter, LaneRow } from "./lane.js";

/** The lanes of one tenant, by what they carry of it. */
class TenantLanes {
  whole: Lane | undefined;
  readonly byTopic = new Map<string, Lane>();
  readonly byKey = new Map<string, Lane>();
  readonly bySeq = new Map<bigint, Lane>();

  get size(): number {
    return (this.whole === undefined ? 0 : 1) + this.byTopic.size + this.parts;
  }

  get parts(): number {
    return this.byKey.size + this.bySeq.size;
  }
}

/** No topic's name has a line break. */
function keyName(topic: string, key: string): string {
  return `${topic}\n${key}`;
}

/**
 * The lanes of one shard. A row rides the most specific lane that covers it: its own, its key's, its tenant's and
 * topic's, its tenant's, its topic's; where there is none, the main line. A tenant is narrower than a topic, so that what
 * stops one tenant never depends on what stops a topic for everybody.
 */
export class Lanes implements Iterable<Lane> {
  readonly #byTenant = new Map<string, TenantLanes>();
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

  /** How many lanes carry a topic of everybody. */
  get topics(): number {
    return this.#byTopic.size;
  }

  /** The lane that carries all of the tenant that none of its narrower ones does. */
  whole(tenantId: string): Lane | undefined {
    return this.#byTenant.get(tenantId)?.whole;
  }

  /** How many lanes carry a topic of the tenant. */
  topicsOf(tenantId: string): number {
    return this.#byTenant.get(tenantId)?.byTopic.size ?? 0;
  }

  /** How many lanes carry a part of the tenant: a topic, a key, a single event. */
  narrowerOf(tenantId: string): number {
    return this.topicsOf(tenantId) + this.partsOf(tenantId);
  }

  /** How many lanes carry a key or a single event of the tenant. */
  partsOf(tenantId: string): number {
    return this.#byTenant.get(tenantId)?.parts ?? 0;
  }

  /** The lane that carries the row; undefined: the main line does. */
  cover(row: LaneRow): Lane | undefined {
    if (this.#size === 0) return undefined;
    const own = this.#byTenant.get(row.tenantId);
    if (own === undefined) return this.#byTopic.get(row.topic);
    return (
      own.bySeq.get(row.seq) ??
      (row.key === null ? undefined : own.byKey.get(keyName(row.topic, row.key))) ??
      own.byTopic.get(row.topic) ??
      own.whole ??
      this.#byTopic.get(row.topic)
    );
  }

  /** The lane, or undefined for the main line, that carries the filter's rows where the filter's own lane is not. */
  parent({ tenantId, topic, key, seq }: LaneFilter): Lane | undefined {
    if (tenantId === null) return undefined;
    const own = this.#byTenant.get(tenantId);
    const isPart = key !== null || seq !== null;
    const ofBoth = isPart ? own?.byTopic.get(topic!) : undefined;
    return ofBoth ?? (topic === null ? undefined : (own?.whole ?? this.#byTopic.get(topic)));
  }

  get({ tenantId, topic, key, seq }: LaneFilter): Lane | undefined {
    if (tenantId === null) return this.#byTopic.get(topic!);
    const own = this.#byTenant.get(tenantId);
    if (seq !== null) return own?.bySeq.get(seq);
    if (key !== null) return own?.byKey.get(keyName(topic!, key));
    return topic === null ? own?.whole : own?.byTopic.get(topic);
  }

  set(lane: Lane): void {
    const { tenantId, topic, key, seq } = lane.filter;
    if (this.get(lane.filter) === undefined) this.#size += 1;
    if (tenantId === null) {
      this.#byTopic.set(topic!, lane);
      return;
    }
    let own = this.#byTenant.get(tenantId);
    if (own === undefined) {
      own = new TenantLanes();
      this.#byTenant.set(tenantId, own);
    }
    if (seq !== null) own.bySeq.set(seq, lane);
    else if (key !== null) own.byKey.set(keyName(topic!, key), lane);
    else if (topic !== null) own.byTopic.set(topic, lane);
    else own.whole = lane;
  }

  delete(filter: LaneFilter): void {
    if (this.get(filter) === undefined) return;
    const { tenantId, topic, key, seq } = filter;
    this.#size -= 1;
    if (tenantId === null) {
      this.#byTopic.delete(topic!);
      return;
    }
    const own = this.#byTenant.get(tenantId)!;
    if (seq !== null) own.bySeq.delete(seq);
    else if (key !== null) own.byKey.delete(keyName(topic!, key));
    else if (topic !== null) own.byTopic.delete(topic);
    else own.whole = undefined;
    if (own.size === 0) this.#byTenant.delete(tenantId);
  }

  *[Symbol.iterator](): Iterator<Lane> {
    for (const own of this.#byTenant.values()) {
      yield* own.bySeq.values();
      yield* own.byKey.values();
      yield* own.byTopic.values();
      if (own.whole !== undefined) yield own.whole;
    }
    yield* this.#byTopic.values();
  }
}
