import type { FailPoint, Reach } from "@siding/core/ports/fail-point.js";
import type { Publisher, ShardPublisher } from "@siding/core/ports/publisher.js";
import type { Store } from "@siding/core/ports/store.js";

type Around<Port> = { readonly [Method in keyof Port]?: readonly [before: FailPoint, after: FailPoint] };

const STORE_POINTS: Around<Store> = {
  readPage: ["before-read", "after-read"],
  prepare: ["before-prepare", "after-prepare"],
  promote: ["before-promote", "after-promote"],
  discard: ["before-discard", "after-discard"],
  claim: ["before-claim", "after-claim"],
  beat: ["before-beat", "after-beat"],
};
const PUBLISHER_POINTS: Around<Publisher> = { open: ["before-open", "after-open"] };
const SHARD_POINTS: Around<ShardPublisher> = { committedBatch: ["before-committed-read", "after-committed-read"] };

/** The store, telling of each call that is a step of the protocol when it begins and when it has its answer. */
export function storeWithFailPoints(store: Store, reach: Reach): Store {
  return around(store, STORE_POINTS, shardOf, reach);
}

/** The publisher likewise; what happens inside a transaction it tells by itself (`KafkaOptions.reach`). */
export function publisherWithFailPoints(publisher: Publisher, reach: Reach): Publisher {
  const withOpen = around(publisher, PUBLISHER_POINTS, shardOf, reach);
  return new Proxy(withOpen, {
    get(target, name) {
      if (name !== "open") return Reflect.get(target, name);
      return async (shard: number) => around(await target.open(shard), SHARD_POINTS, () => shard, reach);
    },
  });
}

/** A port with points around some of its methods; all others are passed through. */
function around<Port extends object>(
  port: Port,
  points: Around<Port>,
  shardOfCall: (first: unknown) => number | null,
  reach: Reach,
): Port {
  return new Proxy(port, {
    get(target, name) {
      const method = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      const named = points[name as keyof Port];
      if (named === undefined) return method.bind(target);
      return async (...values: unknown[]) => {
        const shard = shardOfCall(values[0]);
        reach(named[0], shard);
        const answer = await method.apply(target, values);
        reach(named[1], shard);
        return answer;
      };
    },
  });
}

/** What the ports' calls begin with: a shard, a lease on one, or the relay as a whole. */
function shardOf(first: unknown): number | null {
  if (typeof first === "number") return first;
  const { shard } = first as { shard?: number };
  return shard ?? null;
}
