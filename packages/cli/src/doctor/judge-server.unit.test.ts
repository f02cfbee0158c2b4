import type { PostgresFacts } from "@siding/store-postgres/postgres-facts.js";
import { describe, expect, test } from "vitest";
import { judgeServer } from "./judge-server.js";

const SOUND: PostgresFacts = {
  where: "db:5432/app",
  user: "app",
  versionNumber: 180_001,
  version: "18.1",
  isStandby: false,
  clockAheadMs: 3,
  clockUncertaintyMs: 2,
  settings: {
    synchronous_commit: "on",
    synchronous_standby_names: "",
    fsync: "on",
    full_page_writes: "on",
    autovacuum: "on",
    track_counts: "on",
    max_prepared_transactions: "0",
    max_slot_wal_keep_size: "-1",
    autovacuum_freeze_max_age: "200000000",
  },
  commitOverrides: [],
  connections: { used: 10, max: 97 },
  seesAllSessions: true,
  transactions: { named: [], total: 0 },
  prepared: { named: [], total: 0 },
  slots: [],
  oldestXidAge: 1_000_000,
  roles: ["siding_owner", "siding_emitter", "siding_relay", "siding_admin"],
  canBecome: ["siding_relay", "siding_admin"],
  isLaidOut: true,
  missingGrants: [],
  schema: null,
};

function amiss(changed: Partial<PostgresFacts>): string[] {
  const findings = judgeServer({ ...SOUND, ...changed }, 6).filter(({ level }) => level !== "ok");
  return findings.map(({ level, check }) => `${level} ${check}`);
}
const setting = (name: keyof PostgresFacts["settings"], value: string): Partial<PostgresFacts> => ({
  settings: { ...SOUND.settings, [name]: value },
});

describe("a Postgres server", () => {
  test("that is sound has nothing amiss, and each check says what it saw", () => {
    expect(amiss({})).toEqual([]);
    expect(judgeServer(SOUND, 6).every(({ what }) => what !== "")).toBe(true);
  });

  test.each([
    ["a release without xid8", { versionNumber: 120_010 }, "problem postgres.version"],
    ["a standby", { isStandby: true, slots: null }, "problem postgres.standby"],
    ["fsync off", setting("fsync", "off"), "problem postgres.fsync"],
    ["full_page_writes off", setting("full_page_writes", "off"), "problem postgres.full_page_writes"],
    ["commits that do not wait", setting("synchronous_commit", "off"), "warning postgres.synchronous_commit"],
    [
      "one role whose commits do not wait",
      { commitOverrides: [{ who: "role app", value: "off" }] },
      "warning postgres.synchronous_commit",
    ],
    ["no room for a relay", { connections: { used: 92, max: 97 } }, "warning postgres.connections"],
    ["a clock that is off", { clockAheadMs: -4_000 }, "warning clock.postgres"],
    ["sessions that it hides", { seesAllSessions: false }, "unchecked postgres.transactions"],
    ["ids that run out soon", { oldestXidAge: 1_200_000_000 }, "warning postgres.wraparound"],
    ["ids that run out now", { oldestXidAge: 2_000_000_000 }, "problem postgres.wraparound"],
  ] as [string, Partial<PostgresFacts>, string][])("with %s is told so, once", (_, changed, expected) => {
    expect(amiss(changed)).toEqual([expected]);
  });

  test("a clock is not blamed for the time that asking took", () => {
    expect(amiss({ clockAheadMs: 4_000, clockUncertaintyMs: 3_500 })).toEqual([]);
  });

  test("commits that wait for this server's disk alone are as good as where no standby is waited for", () => {
    expect(amiss(setting("synchronous_commit", "local"))).toEqual([]);
  });

  test("a slot is worth more the more it holds, and nothing while its reader keeps up", () => {
    const slot = { name: "s", kind: "logical", isActive: true, walStatus: "reserved", keptBytes: 1_000 };
    const huge = 50 * 1_073_741_824;
    expect(amiss({ slots: [slot] })).toEqual([]);
    expect(amiss({ slots: [{ ...slot, isActive: false }] })).toEqual(["warning postgres.replication_slots"]);
    expect(amiss({ slots: [{ ...slot, keptBytes: huge }] })).toEqual(["warning postgres.replication_slots"]);
    expect(amiss({ slots: [{ ...slot, isActive: false, keptBytes: huge }] })).toEqual([
      "problem postgres.replication_slots",
    ]);
  });

  test("names in a mend cannot leave their quotes", () => {
    const prepared = { named: [{ gid: "x'; drop table t; --", owner: "o", database: "d", ageMs: 5 }], total: 1 };
    const finding = judgeServer({ ...SOUND, prepared }, 6).find(({ level }) => level === "warning");
    expect(finding!.mend).toContain("rollback prepared 'x''; drop table t; --';");
  });

  test("of many long transactions the oldest are named, and the rest counted", () => {
    const one = {
      processId: 7,
      database: "d",
      user: "u",
      application: "",
      state: "active",
      ageMs: 9e5,
      hasWritten: true,
    };
    const findings = judgeServer({ ...SOUND, transactions: { named: [one, one], total: 40 } }, 6);
    expect(
      findings
        .filter(({ level }) => level === "warning")
        .map(({ what }) => what)
        .at(-1),
    ).toBe("and 38 more");
  });
});
