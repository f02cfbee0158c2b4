import { SidingError } from "@siding/core/errors.js";

export type ShardTarget = { readonly kind: "all" } | { readonly kind: "one"; readonly shard: number };

/** @throws SIDING_USAGE for a shard that there is not */
export function targetShards(target: ShardTarget, shards: number): readonly number[] {
  if (target.kind === "all") return Array.from({ length: shards }, (_, shard) => shard);
  if (target.shard < shards) return [target.shard];
  throw new SidingError("SIDING_USAGE", `there is no shard ${target.shard}: this deployment has 0 to ${shards - 1}`);
}
