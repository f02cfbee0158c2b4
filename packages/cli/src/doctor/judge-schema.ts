import { describeIdentityChange, identityChanges } from "@siding/core/recovery/identity.js";
import type { PostgresFacts, SchemaFacts, TableFacts } from "@siding/store-postgres/postgres-facts.js";
import { SCHEMA_VERSION } from "@siding/store-postgres/schema-version.js";
import { formatAge } from "../status/format-age.js";
import { type Finding, ok, problem, unchecked, warning } from "./finding.js";

const ROLES = ["siding_owner", "siding_emitter", "siding_relay", "siding_admin"];
/** Dead rows are vacuumed at a fiftieth of the log or a few hundred elsewhere: what is far beyond is not vacuumed. */
const DEAD_ROWS_MIN = 20_000;
const DEAD_SHARE = 0.2;

/** Whether Siding's schema is there, current, open to who needs it, and kept in order. */
export function judgeSchema(facts: PostgresFacts): Finding[] {
  if (!facts.isLaidOut) {
    return [problem("schema.version", `the database at ${facts.where} has no schema of Siding's`, "siding migrate")];
  }
  const { schema } = facts;
  const access = [...judgeRoles(facts), ...judgeGrants(facts)];
  if (schema === null) {
    const what = `user ${facts.user} may not read the schema, so what it holds was not looked at`;
    return [...access, unchecked("schema.version", what, `grant siding_admin to "${facts.user}";`)];
  }
  return [judgeSchemaVersion(schema), ...access, ...judgeHalts(schema), ...judgeVacuum(facts, schema.tables)];
}

function judgeSchemaVersion({ version }: SchemaFacts): Finding {
  const check = "schema.version";
  if (version < SCHEMA_VERSION) {
    return problem(check, `the schema has version ${version}, this release needs ${SCHEMA_VERSION}`, "siding migrate");
  }
  if (version > SCHEMA_VERSION) {
    const what = `the schema has version ${version}, and this release knows ${SCHEMA_VERSION}`;
    return warning(
      check,
      what,
      "Use the release of siding that migrated it: a relay of this one runs only where no newer step is breaking.",
    );
  }
  return ok(check, `version ${version}, as this release has it`);
}

function judgeRoles({ roles, canBecome, user }: PostgresFacts): Finding[] {
  const missing = ROLES.filter((role) => !roles.includes(role));
  const findings: Finding[] = [];
  if (missing.length > 0) {
    findings.push(
      problem(
        "schema.roles",
        `${missing.join(", ")}: no such role, as after a restore into another server`,
        missing.map((role) => `create role ${role} nologin;`).join(" ") +
          " Then restore the privileges of the schema from the dump.",
      ),
    );
  }
  const cannot = ["siding_relay", "siding_admin"].filter((role) => !(canBecome as readonly string[]).includes(role));
  const check = "schema.membership";
  if (cannot.length === 0) return [...findings, ok(check, `user ${user} may run a relay, and look and recover`)];
  const uses = { siding_relay: "run a relay", siding_admin: "look, or recover" } as Record<string, string>;
  const what = `user ${user} may not ${cannot.map((role) => uses[role]).join(", nor ")}`;
  const mend = `${cannot.map((role) => `grant ${role} to "${user}";`).join(" ")} Nothing, if that is not its job.`;
  const isUseless = cannot.length === 2;
  return [...findings, isUseless ? problem(check, what, mend) : warning(check, what, mend)];
}

function judgeGrants({ missingGrants }: PostgresFacts): Finding[] {
  const check = "schema.privileges";
  if (missingGrants.length === 0) return [ok(check, "each role has its rights")];
  const some = missingGrants
    .slice(0, 5)
    .map(({ role, privilege, object }) => `${role} lacks ${privilege} on ${object}`);
  const rest = missingGrants.length - some.length;
  const mend = missingGrants
    .map(({ role, privilege, object }) => `grant ${privilege} on ${object} to ${role};`)
    .join(" ");
  return [problem(check, `${some.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`, mend)];
}

function judgeHalts({ halted }: SchemaFacts): Finding[] {
  return halted.map(({ shard, reason }) =>
    problem(
      "schema.halted",
      `shard ${shard} is halted, and its events wait: ${reason}`,
      `siding recover --shard ${shard}`,
    ),
  );
}

function judgeVacuum({ settings }: PostgresFacts, tables: readonly TableFacts[]): Finding[] {
  const check = "postgres.autovacuum";
  const off = tables.filter(({ isAutovacuumed }) => !isAutovacuumed).map(({ name }) => `siding.${name}`);
  const findings: Finding[] = [];
  if (settings.autovacuum !== "on" || settings.track_counts !== "on") {
    const what = "autovacuum does not run: relays slow down as dead rows pile up, and transaction ids run out";
    findings.push(
      problem(
        check,
        what,
        "alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf();",
      ),
    );
  }
  if (off.length > 0) {
    const mend = off.map((table) => `alter table ${table} reset (autovacuum_enabled);`).join(" ");
    findings.push(problem(check, `autovacuum is off for ${off.join(", ")}`, mend));
  }
  for (const { name, liveRows, deadRows, vacuumedAgoMs } of tables) {
    if (deadRows < DEAD_ROWS_MIN || deadRows < liveRows * DEAD_SHARE) continue;
    const last = vacuumedAgoMs === null ? "never" : `${formatAge(vacuumedAgoMs)} ago`;
    findings.push(
      warning(
        check,
        `siding.${name} holds ${deadRows} dead rows beside ${Math.max(0, liveRows)} live ones, vacuumed last: ${last}`,
        `End what holds vacuum back (see postgres.transactions), then: vacuum siding.${name};`,
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(check, "keeps up with the tables")];
}

/** Whether these are the servers that the deployment began with. @param kafkaClusterId null where Kafka was not reached */
export function judgeIdentity(schema: SchemaFacts, deployment: string, kafkaClusterId: string | null): Finding[] {
  const check = "identity";
  const { pinned, systemIdentifier, timeline } = schema;
  if (pinned === null) return [ok(check, "not pinned yet: the first relay does that")];
  const now = {
    deployment,
    kafkaClusterId: kafkaClusterId ?? pinned.kafkaClusterId,
    systemIdentifier,
    timeline: timeline ?? pinned.timeline,
  };
  const changed = identityChanges(pinned, now);
  const what = describeIdentityChange(pinned, now);
  if (changed.length === 0) return [ok(check, `deployment ${deployment}, on the servers that it began with`)];
  if (changed.length === 1 && changed[0] === "deployment") {
    const mend = `Set SIDING_DEPLOYMENT=${pinned.deployment}, or point DATABASE_URL at this deployment's own database.`;
    return [problem(check, `this database belongs to another deployment: ${what}`, mend)];
  }
  const mend = "Correct DATABASE_URL or KAFKA_BROKERS if they are wrong; if not: siding recover --all";
  return [problem(check, `${what}: relays halt`, mend)];
}
