import { isSidingError } from "@siding/core/errors.js";
import { serveRelay } from "siding/commands/relay.js";
import { loadConfig } from "siding/config/load-config.js";
import { stopSignal } from "siding/stop-signal.js";
import { freezeAtArmedPoint } from "./freeze-at-armed-point.js";

// `siding relay`, with fail points that the parent process arms. The command itself has none to arm.
const { values: config } = loadConfig({ options: {}, environment: process.env, directory: process.cwd() });
try {
  await serveRelay({ config, untilEmpty: false, signal: stopSignal(), reach: freezeAtArmedPoint() });
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(isSidingError(error) ? error.exit : 1);
}
