import { startServices } from "@siding/embedded/start-services.js";
import type {} from "vitest"; // a module has to be imported before it can be added to
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    databaseUrl: string;
    kafkaBrokers: string;
  }
}

const WITHOUT_SERVICES = /\.(unit|sim|types)\.test\.ts$/;

/** One Postgres and one Kafka for all tests, unless only tests that do no input and output were asked for. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const selected = project.vitest.state.getPaths();
  // While watching, tests that need the services may be asked for later.
  if (!project.config.watch && selected.length > 0 && selected.every((file) => WITHOUT_SERVICES.test(file))) return;

  const services = await startServices({
    // Nothing here has to survive the machine: fsync off keeps commits as they are and saves the disk.
    postgres: { settings: { fsync: false, max_connections: 300 } },
  });
  project.provide("databaseUrl", services.databaseUrl);
  project.provide("kafkaBrokers", services.kafkaBrokers);
  return () => services.stop();
}
