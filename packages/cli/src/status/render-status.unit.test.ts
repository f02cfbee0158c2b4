import { statusDocument } from "@siding/admin/server/documents.js";
import type { RelayStatus, ShardStatus, StatusReport } from "@siding/store-postgres/read-status.js";
import { describe, expect, test } from "vitest";
import { renderStatusTable } from "./render-status-table.js";

const RELAY: RelayStatus = {
  relayId: "0198f6a0-0000-7000-8000-00000000000a",
  host: "relay-host-1.internal",
  processId: 42,
  version: "1.2.3",
  startedAt: "2026-11-23T20:00:00.000Z",
  seenAt: "2026-11-23T21:00:00.000Z",
  seenAgoMs: 850,
  isAlive: true,
};

const OWNER = { relayId: RELAY.relayId, host: RELAY.host, processId: RELAY.processId };

function shard(number: number, changes: Partial<ShardStatus> = {}): ShardStatus {
  return {
    shard: number,
    owner: OWNER,
    epoch: 3n,
    leaseLeftMs: 4_200,
    lastBatch: 9_007_199_254_740_993n,
    promotedBatch: 9_007_199_254_740_992n,
    plannedBatch: null,
    promotedAt: null,
    waiting: null,
    haltedReason: null,
    lagMs: null,
    ...changes,
  };
}

function report(changes: Partial<StatusReport> = {}): StatusReport {
  return {
    server: "db:5432/shop",
    deployment: { name: "default", kafkaClusterId: "abc", shards: 2, schemaVersion: 1 },
    relays: [RELAY],
    shards: [shard(0), shard(1)],
    backlog: { pending: 0n, tenants: 0, largest: [] },
    lanes: { counts: new Map(), first: [] },
    refused: 0n,
    dead: 0n,
    ...changes,
  };
}

const table = (changes: Partial<StatusReport> = {}, width?: number): string =>
  renderStatusTable(statusDocument(report(changes)), { width, color: false });

const acme = {
  tenantId: "acme",
  pending: 5n,
  oldestCreatedAt: "2026-11-23T20:00:00.000Z",
  oldestAgeMs: 61_000,
  laneReason: null,
  resumeAt: null,
};

describe("the table", () => {
  test("says what is, without alarm, where all is well", () => {
    expect(table()).toBe(`deployment default at db:5432/shop, schema version 1, 2 shards
backlog: 0 events of 0 tenants; refused and tried again: 0; dead: 0

RELAY                  PROCESS  VERSION  SEEN        STATE
relay-host-1.internal       42  1.2.3    850 ms ago  alive

SHARD  STATE  LAG  OWNER                     LEASE  EPOCH          PROMOTED  PLANNED              LAST
    0  idle   -    relay-host-1.internal/42  4 s        3  9007199254740992        -  9007199254740993
    1  idle   -    relay-host-1.internal/42  4 s        3  9007199254740992        -  9007199254740993
`);
  });

  test("says first that no relay is running, and how much waits for one", () => {
    const backlog = { pending: 5n, tenants: 1, largest: [acme] };
    const gone = { ...RELAY, isAlive: false };
    expect(table({ relays: [], backlog })).toMatch(/^no relay is running: 5 events wait until one does\n/);
    expect(table({ relays: [gone] })).toMatch(/^no relay is running\n/);
    expect(table({ relays: [], backlog: null })).toMatch(/^no relay is running: events wait until one does\n/);
  });

  test("names halts and waits at the top in full, once for all shards that say the same", () => {
    const reason = "Kafka holds batch 4, Postgres promoted 7: ".padEnd(300, "x");
    const waiting = { topic: "orders", reason: "the topic does not exist" };
    const shards = [shard(0, { waiting }), shard(1, { waiting }), shard(2, { haltedReason: reason, owner: null })];
    const lines = table({ shards }, 80).split("\n");
    expect(lines[0]).toBe(`shard 2 is halted: ${reason}`);
    expect(lines[1]).toBe("shards 0, 1 are waiting for topic orders: the topic does not exist");
    // It is no news of now what a free shard once waited for.
    expect(table({ shards: [shard(0, { waiting, owner: null })] })).not.toContain("waiting for topic");
  });

  test("names the state of each shard", () => {
    const shards = [
      shard(0, { haltedReason: "lost", owner: null }),
      shard(1, { owner: null, leaseLeftMs: null, lagMs: 7_200_000 }),
      shard(2, { waiting: { topic: "t", reason: null } }),
      shard(3, { lagMs: 12 }),
      shard(4),
    ];
    const states = [...table({ shards }).matchAll(/^ +(\d) {2}(\w+) +(\d+ \w+|-)/gm)].map(([, ...found]) => found);
    expect(states).toEqual([
      ["0", "halted", "-"],
      ["1", "free", "2 h"],
      ["2", "waiting", "-"],
      ["3", "publishing", "12 ms"],
      ["4", "idle", "-"],
    ]);
  });

  test("lists the tenants with the most waiting, and how many more there are", () => {
    const text = table({ backlog: { pending: 9n, tenants: 3, largest: [acme] } });
    expect(text).toContain("backlog: 9 events of 3 tenants");
    expect(text).toMatch(/\nacme {10}5 {2}1 min 1 s {2}- {5}-\nand 2 more tenants\n$/);
  });

  test("lists the lanes, what each carries, when it may move and why it waits", () => {
    const lane = { shard: 1, tenantId: "acme", topic: null, key: null, seq: null, resumeAt: null, resumeInMs: null };
    const paused = { ...lane, reason: "paused", detail: "paused by ann: abuse" };
    const retry = { ...lane, topic: "mails", key: "k 1", reason: "retry", detail: "too large", resumeInMs: 4_000 };
    const breaker = {
      ...lane,
      tenantId: null,
      topic: "gone",
      reason: "breaker",
      detail: "no such topic",
      resumeInMs: -5,
    };
    const text = table({ lanes: { counts: new Map([["paused", 9]]), first: [paused, retry, breaker] } });
    const rows = text.split("\n").slice(-6);
    expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
      ["SHARD", "LANE", "WAITS", "RESUMES", "WHY"],
      ["1", "paused", "tenant acme", "-", "paused by ann: abuse"],
      ["1", "retry", "tenant acme, topic mails, key k 1", "in 4 s", "too large"],
      ["1", "breaker", "topic gone", "now", "no such topic"],
      ["and 6 more lanes"],
      [""],
    ]);
  });

  test("says so where the backlog could not be counted", () => {
    expect(table({ backlog: null })).toContain("too large to be counted in time");
  });

  test("fits the terminal, by cutting names and never numbers", () => {
    const tenant = { ...acme, tenantId: "t".repeat(255) };
    const shards = [shard(0, { lastBatch: 123_456n, promotedBatch: 123_455n, plannedBatch: 123_456n })];
    const text = table({ shards, backlog: { pending: 5n, tenants: 1, largest: [tenant] } }, 80);
    for (const line of text.split("\n")) expect([...line].length).toBeLessThanOrEqual(80);
    expect(text).toContain("123456");
    expect(text).toContain("ttt…");
  });

  test("prints no control character that an application put into a name", () => {
    const tenant = { ...acme, tenantId: "a\u001b[2Jb\nc" };
    const text = table({ backlog: { pending: 5n, tenants: 1, largest: [tenant] } });
    expect(text).not.toContain("\u001b");
    expect(text).toContain("a\u{FFFD}[2Jb\u{FFFD}c");
  });
});

describe("the JSON", () => {
  test("has 64-bit numbers as strings, and every name", () => {
    const changes: Partial<StatusReport> = {
      shards: [shard(0, { plannedBatch: 7n, waiting: { topic: "orders", reason: "gone" }, lagMs: 12 })],
      backlog: { pending: 9_007_199_254_740_993n, tenants: 1, largest: [acme] },
      lanes: {
        counts: new Map([["quota", 1]]),
        first: [
          {
            ...{ shard: 0, tenantId: "acme", topic: null, key: null, seq: null, reason: "quota" },
            detail: "quota of 5 events in 60 s",
            resumeAt: "2026-11-23T21:00:01.000Z",
            resumeInMs: 800,
          },
        ],
      },
      dead: 2n,
    };
    expect(statusDocument(report(changes))).toEqual({
      server: "db:5432/shop",
      deployment: { name: "default", kafka_cluster_id: "abc", shards: 2, schema_version: 1 },
      relays: [
        {
          relay_id: RELAY.relayId,
          host: RELAY.host,
          process_id: 42,
          version: "1.2.3",
          started_at: "2026-11-23T20:00:00.000Z",
          seen_at: "2026-11-23T21:00:00.000Z",
          seen_ago_ms: 850,
          alive: true,
        },
      ],
      shards: [
        {
          shard: 0,
          owner: { relay_id: RELAY.relayId, host: RELAY.host, process_id: 42 },
          epoch: "3",
          lease_left_ms: 4_200,
          last_batch: "9007199254740993",
          promoted_batch: "9007199254740992",
          planned_batch: "7",
          promoted_at: null,
          waiting_topic: "orders",
          waiting_reason: "gone",
          halted_reason: null,
          lag_ms: 12,
        },
      ],
      backlog: {
        pending: "9007199254740993",
        tenants: 1,
        largest: [
          {
            tenant_id: "acme",
            pending: "5",
            oldest_created_at: "2026-11-23T20:00:00.000Z",
            oldest_age_ms: 61_000,
            lane_reason: null,
            resume_at: null,
          },
        ],
      },
      lanes: {
        counts: { quota: 1 },
        first: [
          {
            shard: 0,
            tenant_id: "acme",
            topic: null,
            key: null,
            seq: null,
            reason: "quota",
            detail: "quota of 5 events in 60 s",
            resume_at: "2026-11-23T21:00:01.000Z",
            resume_in_ms: 800,
          },
        ],
      },
      refused: "0",
      dead: "2",
    });
  });

  test("has null where the backlog could not be counted", () => {
    expect(statusDocument(report({ backlog: null })).backlog).toBeNull();
  });
});
