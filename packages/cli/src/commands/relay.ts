import { Command } from "commander";
import { formatListenAddress } from "../config/listen-address.js";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { createRelayMetrics } from "../http/metrics.js";
import { startRelayServer } from "../http/relay-server.js";
import { createLogger } from "../logger.js";
import { RelayJournal } from "../observe-relay.js";
import { type RelayRun, startRelay } from "../start-relay.js";
import { stopSignal } from "../stop-signal.js";

/** `siding relay`: publishes until it is told to stop. */
export function relayCommand(): Command {
  const command = new Command("relay")
    .description("publish committed events to Kafka until SIGTERM, which ends it after the batch under way")
    .option("--until-empty", "end with 0 once nothing is due within a second, instead of waiting for more")
    .addHelpText(
      "after",
      "\nWith --until-empty what is retried is waited for, and so is a tenant over its quota, which moves at its pace; what a" +
        "\npause holds is not due. A topic that is missing for 5 s ends it with 3.\n" +
        "\nExamples:\n  siding relay\n  siding relay --until-empty\n  siding relay --delivery at-least-once\n",
    );
  return addConfigFlags(command).action(async (flags: { readonly untilEmpty?: boolean }) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const stop = stopSignal();
    await serveRelay({ config, untilEmpty: flags.untilEmpty === true, signal: stop });
  });
}

/** A relay with its log, its metrics and its health on HTTP, until the signal is aborted. @throws what startRelay throws */
export async function serveRelay({ config, ...run }: Omit<RelayRun, "observer" | "backlogTold">): Promise<void> {
  const log = createLogger(config.logLevel);
  const metrics = createRelayMetrics();
  const journal = new RelayJournal(log, metrics);
  const server = await startRelayServer({
    address: config.http,
    token: config.httpToken,
    health: { ready: () => journal.readiness() },
    registry: metrics.registry,
  });
  log.info(
    `relay of deployment ${config.deployment}, health and metrics on http://${formatListenAddress(server.address)}`,
  );
  try {
    await startRelay({ ...run, config, observer: journal, backlogTold: metrics.backlog });
    log.info("relay stopped in good order");
  } finally {
    await server.close();
  }
}
