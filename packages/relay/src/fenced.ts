import { SidingError } from "@siding/core/errors.js";
import type { Lease } from "@siding/core/ports/store.js";

/** Postgres has said that the lease's epoch has passed. */
export function fenced({ shard, epoch }: Lease): SidingError {
  return new SidingError("SIDING_FENCED", `shard ${shard}: another relay took it, epoch ${epoch} has passed`);
}
