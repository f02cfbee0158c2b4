import {
  type AdminServer,
  type AdminServerObserver,
  NoTokenError,
  startAdminServer,
} from "@siding/admin/server/admin-server.js";
import { isSidingError, SidingError } from "@siding/core/errors.js";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import type { Logger } from "pino";
import { formatListenAddress, isLoopbackHost } from "../config/listen-address.js";
import { requireSetting } from "../config/load-config.js";
import type { SidingConfig } from "../config/settings.js";
import { quotaSetting } from "../config/tenant-quota.js";
import { listenFailure } from "../http/listen-failure.js";
import { VERSION } from "../version.js";

/**
 * Starts the admin API where the configuration says.
 * @throws SIDING_CONFIG_INVALID naming SIDING_ADMIN_HTTP where it may not or cannot listen there, SIDING_STORE_*, SIDING_SCHEMA_*
 */
export async function serveAdmin(config: SidingConfig, observer: AdminServerObserver): Promise<AdminServer> {
  const { host, port } = config.adminHttp;
  try {
    return await startAdminServer({
      databaseUrl: requireSetting(config, "databaseUrl"),
      host,
      port,
      isLoopback: isLoopbackHost(host),
      version: VERSION,
      redactions: config.redact ?? [],
      requestsPerMinute: config.adminRate,
      tenantDefaults: defaultFields(quotaSetting(config.tenantQuota)),
      observer,
    });
  } catch (cause) {
    if (isSidingError(cause)) throw cause;
    const why =
      cause instanceof NoTokenError
        ? "beyond loopback it needs a token that holds: make one with `siding tokens create`"
        : listenFailure(cause);
    const message = `SIDING_ADMIN_HTTP is "${formatListenAddress({ host, port })}": ${why}`;
    throw new SidingError("SIDING_CONFIG_INVALID", message, { cause });
  }
}

/** One line an answer. Patterns, not URLs: what a sender chose stays out of the log, a payload's filter and a newline alike. */
export function logAnswers(log: Logger): AdminServerObserver {
  return {
    answered: ({ requestId, method, route, status, ms, actor }) => {
      log.debug({ requestId, actor }, `${method} ${route ?? "(no such path)"} ${status} in ${ms} ms`);
    },
    failed: (requestId, error) => log.error({ requestId, error }, "a request failed"),
  };
}
