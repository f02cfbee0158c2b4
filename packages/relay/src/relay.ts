import { isSidingError, SidingError } from "@siding/core/errors.js";
import { fairShare } from "@siding/core/lease/fair-share.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { Beat, DeploymentRecord, Identity } from "@siding/core/ports/store.js";
import { DueWatch } from "./due-watch.js";
import type { RelayOptions } from "./relay-options.js";
import { type OwnershipEnd, ownShard } from "./shard-owner.js";

interface Ownership {
  readonly stop: AbortController;
  readonly ended: Promise<OwnershipEnd>;
}

/** Heartbeats a lease: two may be lost before it runs out. */
const BEATS_A_LEASE = 3;

/**
 * A relay: says that it is alive, takes its fair share of the shards and runs each until told to stop.
 * Resolves when the signal is aborted and every shard is given back, or with untilEmpty once nothing is due.
 * @throws SIDING_IDENTITY_CHANGED, SIDING_PROGRESS_* (halts), and what does not pass by itself
 */
export async function runRelay(options: RelayOptions, signal: AbortSignalLike): Promise<void> {
  const deployment = await options.store.deployment();
  await checkIdentity(options, deployment);
  const relay = new Relay(options, deployment.shards);
  await relay.run(signal);
}

class Relay {
  readonly #options: RelayOptions;
  readonly #shards: number;
  readonly #watch: DueWatch;
  readonly #owned = new Map<number, Ownership>();
  /** With untilEmpty: shards that were drained and given back. */
  readonly #drained = new Set<number>();
  readonly #stopped = new AbortController();
  #failure: unknown = null;

  constructor(options: RelayOptions, shards: number) {
    this.#options = options;
    this.#shards = shards;
    this.#watch = new DueWatch(options.store, options.clock);
  }

  async run(signal: AbortSignalLike): Promise<void> {
    const { clock, leaseMs, store, identity } = this.#options;
    const stop = (): void => this.#stopped.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const inner = this.#stopped.signal as AbortSignalLike;
    while (!inner.aborted) {
      await this.#beat();
      if (this.#options.untilEmpty && this.#drained.size === this.#shards) break;
      const settling = this.#options.untilEmpty ? 20 : leaseMs / BEATS_A_LEASE;
      await clock.sleep(Math.min(settling, leaseMs / BEATS_A_LEASE), inner);
    }
    await this.#giveBackAll();
    signal.removeEventListener("abort", stop);
    await store.farewell(identity.relayId).catch(() => {});
    if (this.#failure !== null) throw this.#failure;
  }

  async #beat(): Promise<void> {
    const { store, identity, leaseMs, observer } = this.#options;
    try {
      const beat = await store.beat(identity, leaseMs);
      this.#stopWhatOthersTook(beat);
      const free = [...beat.claimable, ...this.#giveBackOrphans(beat)];
      const share = fairShare({
        shards: this.#shards,
        liveRelays: beat.liveRelays,
        held: [...this.#owned.keys()],
        claimable: free.filter((shard) => !this.#owned.has(shard) && !this.#drained.has(shard)),
      });
      for (const shard of share.giveBack) this.#owned.get(shard)?.stop.abort();
      for (const shard of share.claim) await this.#claim(shard);
      this.#noteDrainedElsewhere(free);
    } catch (error) {
      if (!isSidingError(error) || error.retry === "never") return this.#fail(error);
      observer.retrying(null, error, leaseMs / BEATS_A_LEASE);
    }
  }

  /** An idle shard would not find out, and would count towards this relay's share for ever. */
  #stopWhatOthersTook({ held, claimable }: Beat): void {
    for (const [shard, { stop }] of this.#owned) {
      if (!claimable.includes(shard) && !held.some((lease) => lease.shard === shard)) stop.abort();
    }
  }

  /**
   * A claim or a release whose answer was lost leaves a lease behind under which nobody works, and which every heartbeat
   * would renew. Not waited for: the next heartbeat must not come late, and asks again where this one is lost.
   */
  #giveBackOrphans({ held }: Beat): readonly number[] {
    const orphans = held.filter(({ shard }) => !this.#owned.has(shard));
    for (const lease of orphans) void this.#options.store.release(lease).catch(() => {});
    return orphans.map(({ shard }) => shard);
  }

  async #claim(shard: number): Promise<void> {
    const { store, identity, leaseMs } = this.#options;
    const record = await store.claim(shard, identity.relayId, leaseMs);
    if (record === null) return;
    const stop = new AbortController();
    const ended = ownShard(this.#options, this.#watch, record, stop.signal as AbortSignalLike);
    this.#owned.set(shard, { stop, ended });
    ended.then(
      (end) => {
        this.#owned.delete(shard);
        if (end === "released" && this.#options.untilEmpty) this.#drained.add(shard);
      },
      (error) => {
        this.#owned.delete(shard);
        this.#fail(error);
      },
    );
  }

  /** With untilEmpty: a shard that another relay holds is that relay's to empty. */
  #noteDrainedElsewhere(claimable: readonly number[]): void {
    if (!this.#options.untilEmpty) return;
    for (let shard = 0; shard < this.#shards; shard++) {
      if (!this.#owned.has(shard) && !claimable.includes(shard)) this.#drained.add(shard);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stopped.abort();
  }

  async #giveBackAll(): Promise<void> {
    const owned = [...this.#owned.values()];
    for (const ownership of owned) ownership.stop.abort();
    await Promise.allSettled(owned.map((ownership) => ownership.ended));
  }
}

/** Both systems must be the ones that this deployment began with (design §4): a difference halts. */
async function checkIdentity(options: RelayOptions, record: DeploymentRecord): Promise<void> {
  const { store, publisher } = options;
  const now: Identity = {
    deployment: options.deployment,
    kafkaClusterId: await publisher.clusterId(),
    systemIdentifier: record.systemIdentifier,
    timeline: record.timeline,
  };
  const pinned = record.pinned ?? (await store.pin(now));
  const changed = (Object.keys(now) as (keyof Identity)[]).filter((name) => pinned[name] !== now[name]);
  if (changed.length === 0) return;
  const what = changed.map((name) => `${IDENTITY_NAMES[name]} was ${pinned[name]} and is ${now[name]}`).join("; ");
  if (changed.length === 1 && changed[0] === "deployment") {
    throw new SidingError("SIDING_CONFIG_INVALID", `this database belongs to another deployment: ${what}`);
  }
  throw new SidingError("SIDING_IDENTITY_CHANGED", what);
}

const IDENTITY_NAMES: Record<keyof Identity, string> = {
  deployment: "SIDING_DEPLOYMENT",
  kafkaClusterId: "Kafka's cluster id",
  systemIdentifier: "Postgres' system identifier",
  timeline: "Postgres' timeline",
};
