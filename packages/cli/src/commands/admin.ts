import { once } from "node:events";
import { Command } from "commander";
import { logAnswers, serveAdmin } from "../admin/serve-admin.js";
import { formatListenAddress } from "../config/listen-address.js";
import { loadConfig } from "../config/load-config.js";
import { addConfigFlags } from "../config/read-flags.js";
import { createLogger } from "../logger.js";
import { stopSignal } from "../stop-signal.js";

const NOTES = `
Serves on SIDING_ADMIN_HTTP (127.0.0.1:8080) until SIGTERM; /openapi.json describes it. Until the first token is made
whoever reaches it on loopback comes in; beyond loopback it starts only where a token holds.

Examples:
  siding admin
  siding tokens create --name ops --role operator --reason "dashboard" && siding admin --admin-http 0.0.0.0:8080
`;

/** `siding admin`: serves the admin API until it is told to stop. */
export function adminCommand(): Command {
  const command = new Command("admin").description("serve the admin API until SIGTERM").addHelpText("after", NOTES);
  return addConfigFlags(command).action(async (flags: Readonly<Record<string, unknown>>) => {
    const { values: config } = loadConfig({
      options: { ...flags },
      environment: process.env,
      directory: process.cwd(),
    });
    const stop = stopSignal();
    const log = createLogger(config.logLevel);
    const server = await serveAdmin(config, logAnswers(log));
    const who = server.isOpen
      ? "anybody on this machine comes in until the first token is made"
      : "tokens are asked for";
    log.info(`admin API on http://${formatListenAddress(server)}: ${who}`);
    if (!stop.aborted) await once(stop as AbortSignal, "abort");
    await server.close();
    log.info("admin API stopped in good order");
  });
}
