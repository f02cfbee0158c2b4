import { SidingError } from "@siding/core/errors.js";
import type { ShardPublisher } from "@siding/core/ports/publisher.js";
import { checkIdentity } from "./check-identity.js";
import type { RelayOptions } from "./relay-options.js";

/**
 * What an idle shard would learn with its next batch only, perhaps hours after it happened: that Kafka is another one,
 * or that it no longer holds the number which this owner left there.
 * @throws SIDING_IDENTITY_CHANGED
 * @throws SIDING_FENCED where the number is another one: claimed anew, settle says whose doing that was
 */
export async function confirmHistory(
  options: RelayOptions,
  publisher: ShardPublisher,
  { shard, number }: { readonly shard: number; readonly number: bigint },
): Promise<void> {
  await checkIdentity(options);
  const held = await publisher.committedBatch();
  if (held === number) return;
  const holds = held === null ? "no number" : `batch ${held}`;
  throw new SidingError("SIDING_FENCED", `shard ${shard}: Kafka holds ${holds} where this relay left batch ${number}`);
}
