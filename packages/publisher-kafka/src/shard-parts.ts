import type { Asker } from "./ask-until-answered.js";
import type { KafkaOptions } from "./client-config.js";
import type { ClusterId } from "./cluster-id.js";
import type { Distrust } from "./distrust.js";
import type { ProgressReader } from "./progress-reader.js";
import type { TopicDirectory } from "./topic-directory.js";

/** What the shards of a relay share. */
export interface ShardParts {
  readonly options: KafkaOptions;
  readonly topics: TopicDirectory;
  readonly progress: ProgressReader;
  readonly clusterId: ClusterId;
  readonly asker: Asker;
  readonly distrust: Distrust;
}
