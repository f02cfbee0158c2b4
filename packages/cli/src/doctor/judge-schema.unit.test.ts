import type { PostgresFacts, SchemaFacts } from "@siding/store-postgres/postgres-facts.js";
import { SCHEMA_VERSION } from "@siding/store-postgres/schema-version.js";
import { describe, expect, test } from "vitest";
import { judgeIdentity, judgeSchema } from "./judge-schema.js";

const SCHEMA: SchemaFacts = {
  version: SCHEMA_VERSION,
  shards: 4,
  payloadBytesMax: 1_000_000,
  pinned: { deployment: "default", kafkaClusterId: "gX4", systemIdentifier: "71", timeline: 1 },
  systemIdentifier: "71",
  timeline: 1,
  relaysAlive: 1,
  halted: [],
  tables: [{ name: "event", liveRows: 1_000, deadRows: 10, vacuumedAgoMs: 1_000, xidAge: 5, isAutovacuumed: true }],
  topics: [],
};
const ROLES = ["siding_owner", "siding_emitter", "siding_relay", "siding_admin"];

type Looked = Pick<
  PostgresFacts,
  "user" | "where" | "roles" | "canBecome" | "isLaidOut" | "missingGrants" | "schema"
> & {
  readonly settings: { readonly autovacuum: string; readonly track_counts: string };
};
const SOUND: Looked = {
  where: "db:5432/app",
  user: "app",
  roles: ROLES,
  canBecome: ["siding_relay", "siding_admin"],
  isLaidOut: true,
  missingGrants: [],
  settings: { autovacuum: "on", track_counts: "on" },
  schema: SCHEMA,
};

function amiss(changed: Partial<Looked>): string[] {
  const findings = judgeSchema({ ...SOUND, ...changed } as PostgresFacts).filter(({ level }) => level !== "ok");
  return findings.map(({ level, check }) => `${level} ${check}`);
}
const table = (changed: Partial<SchemaFacts["tables"][number]>): Partial<Looked> => ({
  schema: { ...SCHEMA, tables: [{ ...SCHEMA.tables[0]!, ...changed }] },
});

describe("a schema", () => {
  test("that is sound has nothing amiss", () => {
    expect(amiss({})).toEqual([]);
  });

  test.each([
    ["is not there", { isLaidOut: false, schema: null }, ["problem schema.version"]],
    ["is old", { schema: { ...SCHEMA, version: SCHEMA_VERSION - 1 } }, ["problem schema.version"]],
    ["is newer", { schema: { ...SCHEMA, version: SCHEMA_VERSION + 1 } }, ["warning schema.version"]],
    ["lacks a role", { roles: ROLES.slice(1) }, ["problem schema.roles"]],
    ["lets this user only look", { canBecome: ["siding_admin"] }, ["warning schema.membership"]],
    ["shuts this user out", { canBecome: [], schema: null }, ["problem schema.membership", "unchecked schema.version"]],
    [
      "lost a right",
      { missingGrants: [{ role: "siding_relay", privilege: "update", object: "siding.shard" }] },
      ["problem schema.privileges"],
    ],
    [
      "has a halted shard",
      { schema: { ...SCHEMA, halted: [{ shard: 2, reason: "lost" }] } },
      ["problem schema.halted"],
    ],
    ["is not vacuumed", { settings: { autovacuum: "off", track_counts: "on" } }, ["problem postgres.autovacuum"]],
    ["has a table that is not vacuumed", table({ isAutovacuumed: false }), ["problem postgres.autovacuum"]],
    ["holds many dead rows", table({ deadRows: 900_000 }), ["warning postgres.autovacuum"]],
  ] as [string, Partial<Looked>, string[]][])("that %s is told so", (_, changed, expected) => {
    expect(amiss(changed)).toEqual(expected);
  });

  test("dead rows are measured against live ones", () => {
    expect(amiss(table({ deadRows: 900_000, liveRows: 10_000_000 }))).toEqual([]);
  });
});

describe("the servers", () => {
  const levels = (...args: Parameters<typeof judgeIdentity>): string[] =>
    judgeIdentity(...args).map(({ level }) => level);

  test("that the deployment began with are known again, whether Kafka was reached or not", () => {
    expect(levels(SCHEMA, "default", "gX4")).toEqual(["ok"]);
    expect(levels(SCHEMA, "default", null)).toEqual(["ok"]);
    expect(levels({ ...SCHEMA, pinned: null }, "any", "any")).toEqual(["ok"]);
  });

  test("that are others lead to siding recover", () => {
    for (const [schema, cluster] of [
      [SCHEMA, "9tQ"],
      [{ ...SCHEMA, systemIdentifier: "73" }, "gX4"],
      [{ ...SCHEMA, timeline: 2 }, "gX4"],
    ] as const) {
      const [finding] = judgeIdentity(schema, "default", cluster);
      expect(finding).toMatchObject({ level: "problem", mend: expect.stringContaining("siding recover --all") });
    }
  });
});
