import { SidingError } from "@siding/core/errors.js";
import type { Identity } from "@siding/core/ports/store.js";
import { describeIdentityChange, identityChanges } from "@siding/core/recovery/identity.js";
import type { RelayOptions } from "./relay-options.js";

/**
 * Both systems must be the ones that this deployment began with (design §4): a difference halts. Asked at start, and
 * again with every shard that is taken: a relay may outlive the server that it started on.
 * @returns how many shards there are
 * @throws SIDING_IDENTITY_CHANGED
 */
export async function checkIdentity(
  options: Pick<RelayOptions, "store" | "publisher" | "deployment">,
): Promise<number> {
  const { store, publisher } = options;
  const record = await store.deployment();
  const now: Identity = {
    deployment: options.deployment,
    kafkaClusterId: await publisher.clusterId(),
    systemIdentifier: record.systemIdentifier,
    timeline: record.timeline,
  };
  const pinned = record.pinned ?? (await store.pin(now));
  const changed = identityChanges(pinned, now);
  if (changed.length === 0) return record.shards;
  const what = describeIdentityChange(pinned, now);
  if (changed.length === 1 && changed[0] === "deployment") {
    throw new SidingError("SIDING_CONFIG_INVALID", `this database belongs to another deployment: ${what}`);
  }
  throw new SidingError("SIDING_IDENTITY_CHANGED", what);
}
