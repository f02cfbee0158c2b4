import { AdminClient } from "@siding/admin/client/admin-client.js";
import { SidingError } from "@siding/core/errors.js";
import { describeServer } from "@siding/store-postgres/connection.js";
import { type EffectiveConfig, loadConfig, requireSetting } from "./config/load-config.js";
import { SETTINGS, type SettingId, type SidingConfig } from "./config/settings.js";

interface Place {
  readonly config: SidingConfig;
  /** Without credentials, for whoever is asked whether to go on there. */
  readonly where: string;
}

export interface DatabaseTarget extends Place {
  readonly kind: "database";
  readonly databaseUrl: string;
}

export interface ApiTarget extends Place {
  readonly kind: "api";
  readonly api: AdminClient;
}

/** Whom a command asks: an admin API, or Postgres itself. */
export type Target = ApiTarget | DatabaseTarget;

/** The target that the flags lead to, over the environment here and the file. @throws as {@link targetOf} */
export function loadTarget(flags: object): Target {
  return targetOf(loadConfig({ options: { ...flags }, environment: process.env, directory: process.cwd() }));
}

/**
 * An admin API where one is named, else Postgres. A database that a flag names is meant, whatever lies in the environment.
 * @throws SIDING_USAGE where flags name both, SIDING_CONFIG_INVALID where nothing names either
 */
export function targetOf(effective: EffectiveConfig): Target {
  const { values: config } = effective;
  const { adminUrl, adminToken } = config;
  const isDatabaseMeant = isFlag(effective, "databaseUrl");
  if (isDatabaseMeant && isFlag(effective, "adminUrl")) {
    throw new SidingError("SIDING_USAGE", "--url and --database-url name two places: give one of them");
  }
  if (adminUrl === undefined || isDatabaseMeant) {
    const databaseUrl = requireSetting(config, "databaseUrl");
    return { kind: "database", config, databaseUrl, where: describeServer(databaseUrl) };
  }
  return { kind: "api", config, api: new AdminClient({ url: adminUrl, token: adminToken }), where: adminUrl };
}

function isFlag({ entries }: EffectiveConfig, id: SettingId): boolean {
  return entries.some(({ key, source }) => key === SETTINGS[id].environment && source.kind === "flag");
}
