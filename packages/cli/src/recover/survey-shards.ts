import type { SidingConfig } from "../config/settings.js";
import { RecoverSession, situationOf } from "./recover-session.js";
import type { SurveyReport } from "./recovery-report.js";
import { type ShardTarget, targetShards } from "./shard-target.js";

/**
 * What stands in both systems for the shards, and how many events hang on a verdict. Changes nothing and fences nobody.
 * @throws what RecoverSession.open throws
 */
export async function surveyShards(config: SidingConfig, target: ShardTarget): Promise<SurveyReport> {
  const session = await RecoverSession.open(config);
  const { store } = session;
  try {
    await store.begin();
    const shards: SurveyReport["shards"][number][] = [];
    for (const examined of await session.examine(targetShards(target, session.shards))) {
      await store.collect(examined.record.shard, "promoted", null);
      const { events, inPlan } = await store.settle(examined.record.shard, {
        since: null,
        until: null,
        earlierHolds: true,
      });
      shards.push({ ...situationOf(examined), pending: events, inPlan });
    }
    await store.end("rollback");
    return { identityChange: session.identityChange, shards };
  } finally {
    await session.close();
  }
}
