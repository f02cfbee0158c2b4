// Brings a fresh clone to where everything runs; does nothing, quickly, where it is there already.
// Plain Node with nothing but its own modules: this is the first thing that runs, before anything is installed.
import { build } from "./setup/build.mjs";
import { haveKafka } from "./setup/kafka.mjs";
import { haveKafkaClient } from "./setup/kafka-client.mjs";
import { checkNode } from "./setup/node-version.mjs";
import { haveNpmPackages } from "./setup/npm-packages.mjs";
import { havePostgres } from "./setup/postgres.mjs";
import { progress, SetupFailure, showFailure } from "./setup/progress.mjs";
import { holdSetupLock } from "./setup/setup-lock.mjs";

try {
  checkNode();
  await holdSetupLock();
  await haveNpmPackages();
  await build();
  await haveKafkaClient();
  if (!process.env.DATABASE_URL) await havePostgres();
  if (!process.env.KAFKA_BROKERS) await haveKafka();
  progress.close();
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  showFailure(error);
  process.exitCode = error.exitCode;
}
