import type { OutboxEvent } from "../event/outbox-event.js";
import { type Lane, type LaneFilter, ofOrder, ofTenant, ofTenantAndTopic, ofTopic } from "../lane/lane.js";
import type { Lanes } from "../lane/lanes.js";

// What a held event takes with it is as narrow as it may be, so that nothing waits in vain; but whoever makes ever new topics
// or ever new faults must not make ever new lanes, which every plan of the shard walks. Beyond these limits all of the
// tenant waits, and nobody else.

/** Keys and single events of one tenant that wait in lanes of their own. */
export const RETRY_LANES_MAX = 32;
/** Topics that wait for everybody in one lane each; a tenant that gets a lane takes over its part of each of them. */
export const TOPIC_LANES_MAX = 16;
/** Topics of one tenant that wait in lanes of their own. */
export const TENANT_TOPIC_LANES_MAX = 16;

/** For an event that was refused, and what has to keep its order with it. */
export function retryFilter(event: OutboxEvent, lanes: Lanes): LaneFilter {
  const own = ofOrder(event);
  return lanes.get(own) !== undefined || lanes.partsOf(event.tenantId) < RETRY_LANES_MAX
    ? own
    : ofTenant(event.tenantId);
}

/** For a topic that fails for everybody. */
export function topicFilter(event: OutboxEvent, lane: Lane | undefined, lanes: Lanes): LaneFilter {
  const ofAll = ofTopic(event.topic);
  const isOfTenant = lane !== undefined && lane.filter.tenantId !== null;
  const isWithin = lanes.get(ofAll) !== undefined || lanes.topics < TOPIC_LANES_MAX;
  return !isOfTenant && isWithin ? ofAll : tenantTopicFilter(event, lanes);
}

/** For a topic that fails for its tenant. */
export function tenantTopicFilter(event: OutboxEvent, lanes: Lanes): LaneFilter {
  const own = ofTenantAndTopic(event);
  const isWithin = lanes.get(own) !== undefined || lanes.topicsOf(event.tenantId) < TENANT_TOPIC_LANES_MAX;
  return isWithin ? own : ofTenant(event.tenantId);
}
