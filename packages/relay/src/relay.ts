import { isSidingError, SidingError } from "@siding/core/errors.js";
import { fairShare } from "@siding/core/lease/fair-share.js";
import type { AbortSignalLike } from "@siding/core/ports/clock.js";
import type { Lease } from "@siding/core/ports/store.js";
import { RECOVERY_UNDER_WAY } from "@siding/core/recovery/operator-verdict.js";
import { checkIdentity } from "./check-identity.js";
import { DueWatch } from "./due-watch.js";
import type { RelayOptions } from "./relay-options.js";
import { type OwnershipEnd, ownShard } from "./shard-owner.js";

interface Ownership {
  readonly stop: AbortController;
  readonly ended: Promise<OwnershipEnd>;
  /** Its lease ran out, or the server that granted it is gone: whatever it still holds in memory is void. */
  isVoid: boolean;
}

/** Heartbeats a lease: two may be lost before it runs out. */
const BEATS_A_LEASE = 3;
/** So much after another's lease has ended it is looked at: the owner's other times have ended by then too. */
const AFTER_EXPIRY_MS = 20;

/**
 * For as long a stop waits for the batches under way: supervisors kill after 10 s and more. What Kafka has not answered
 * by then is settled by the next owner, as after a crash.
 */
const STOP_GRACE_MS = 4_000;

/**
 * A relay: says that it is alive, takes its fair share of the shards and runs each until told to stop.
 * Resolves when the signal is aborted and every shard is given back, or with untilEmpty once nothing is due.
 * A shard that is halted stays so while the others go on; that is thrown at the end, which comes at once where every
 * shard is halted.
 * @throws SIDING_IDENTITY_CHANGED, SIDING_PROGRESS_*, SIDING_SHARD_HALTED (halts), and what does not pass by itself
 */
export async function runRelay(options: RelayOptions, signal: AbortSignalLike): Promise<void> {
  const relay = new Relay(options, await checkIdentity(options));
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
  /** Every shard that is halted now, also those that another relay halted, or an earlier one. */
  readonly #halted = new Map<number, SidingError>();
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
      const nextExpiryMs = await this.#beat();
      if (this.#isHaltedWhole()) break;
      if (this.#options.untilEmpty && this.#drained.size + this.#halted.size === this.#shards) break;
      const settling = this.#options.untilEmpty ? 20 : leaseMs / BEATS_A_LEASE;
      // What a dead relay held is claimed when its lease ends, not up to a heartbeat later.
      const expiry = (nextExpiryMs ?? leaseMs) + AFTER_EXPIRY_MS;
      await clock.sleep(Math.min(settling, expiry, leaseMs / BEATS_A_LEASE), inner);
    }
    await this.#giveBackAll();
    signal.removeEventListener("abort", stop);
    await store.farewell(identity.relayId).catch(() => {});
    if (this.#failure !== null) throw this.#failure;
    for (const error of this.#halted.values()) throw error;
  }

  /** Answers when the first of the others' leases would end, in ms; null where there is none, or no answer. */
  async #beat(): Promise<number | null> {
    const { store, identity, leaseMs, observer } = this.#options;
    try {
      const known = [...this.#halted.keys()];
      const owned = [...this.#owned];
      const beat = await store.beat(identity, leaseMs);
      this.#endVoid(owned, beat.held);
      this.#releaseUnknown(beat.held);
      this.#noteHalts(beat.halted, known);
      const share = fairShare({
        shards: this.#shards - this.#halted.size,
        liveRelays: beat.liveRelays,
        held: [...this.#owned.keys()],
        claimable: beat.claimable.filter((shard) => !this.#owned.has(shard) && !this.#drained.has(shard)),
      });
      for (const shard of share.giveBack) this.#owned.get(shard)?.stop.abort();
      for (const shard of share.claim) await this.#claim(shard);
      this.#noteDrainedElsewhere(beat.claimable);
      return beat.nextExpiryMs;
    } catch (error) {
      if (!isSidingError(error) || error.retry === "never") this.#fail(error);
      else observer.retrying(null, error, leaseMs / BEATS_A_LEASE);
      return null;
    }
  }

  /**
   * A claim or a release whose answer was lost leaves a lease that this relay's heartbeats renew while nobody works on
   * it: the shard would stand still for as long as the relay lives. Its epoch keeps a later lease safe. Not waited for: the
   * next heartbeat must not come late, and asks again where this one is lost.
   */
  #releaseUnknown(held: readonly Lease[]): void {
    for (const lease of held) {
      if (!this.#owned.has(lease.shard)) void this.#options.store.release(lease).catch(() => {});
    }
  }

  /**
   * Ends what this relay owned before the beat and no longer holds a lease on. An idle shard writes nothing, so nothing
   * else would tell it: it would count towards this relay's share with a lease that nobody renews, or look at a restored
   * backup with a cursor of what was lost.
   */
  #endVoid(owned: readonly [number, Ownership][], held: readonly Lease[]): void {
    for (const [shard, ownership] of owned) {
      if (ownership.isVoid || held.some((lease) => lease.shard === shard)) continue;
      ownership.isVoid = true;
      ownership.stop.abort();
    }
  }

  async #claim(shard: number): Promise<void> {
    const { store, identity, leaseMs } = this.#options;
    const record = await store.claim(shard, identity.relayId, leaseMs);
    if (record === null) return;
    const stop = new AbortController();
    const ended = ownShard(this.#options, this.#watch, record, stop.signal as AbortSignalLike);
    const ownership: Ownership = { stop, ended, isVoid: false };
    this.#owned.set(shard, ownership);
    ended.then(
      (end) => {
        this.#owned.delete(shard);
        if (end.kind === "halted") this.#halt(shard, end.error);
        if (end.kind === "released" && !ownership.isVoid && this.#options.untilEmpty) this.#drained.add(shard);
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
      const isElsewhere = !this.#owned.has(shard) && !this.#halted.has(shard) && !claimable.includes(shard);
      if (isElsewhere) this.#drained.add(shard);
    }
  }

  #halt(shard: number, error: SidingError): void {
    this.#drained.delete(shard);
    this.#halted.set(shard, error);
    this.#options.observer.shardState(shard, "halted", error.message);
  }

  /** @param known what was halted before the heartbeat: only of those does its silence say that somebody settled them */
  #noteHalts(halted: ReadonlyMap<number, string>, known: readonly number[]): void {
    for (const shard of known) {
      if (halted.has(shard)) continue;
      this.#halted.delete(shard);
      this.#options.observer.haltEnded(shard);
    }
    for (const [shard, reason] of halted) {
      if (this.#halted.has(shard)) continue;
      this.#halt(shard, new SidingError("SIDING_SHARD_HALTED", reason));
    }
  }

  /** Not while an operator's command holds one of the shards: it hands them back in a moment. */
  #isHaltedWhole(): boolean {
    if (this.#halted.size < this.#shards) return false;
    return [...this.#halted.values()].every(({ message }) => message !== RECOVERY_UNDER_WAY);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stopped.abort();
  }

  async #giveBackAll(): Promise<void> {
    const owned = [...this.#owned.values()];
    for (const ownership of owned) ownership.stop.abort();
    const { clock, publisher } = this.#options;
    const grace = clock.limit(STOP_GRACE_MS, new AbortController().signal as AbortSignalLike, () => {
      publisher.close().catch(() => {}); // what it cuts off says so in its own shard
    });
    await Promise.allSettled(owned.map((ownership) => ownership.ended));
    grace.clear();
  }
}
