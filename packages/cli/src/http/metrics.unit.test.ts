import { ofTenant, ofTopic } from "@siding/core/lane/lane.js";
import { expect, test } from "vitest";
import { createRelayMetrics } from "./metrics.js";

test("what is counted appears under the documented names and labels", async () => {
  const metrics = createRelayMetrics();
  metrics.eventsPublished("acme", "orders", 3);
  metrics.eventsPublished("acme", "orders", 2);
  metrics.eventsDead("acme", "orders", "too-large", 1);
  metrics.endToEndLatency(0.004);
  metrics.batchStep("publish", 0.02);
  metrics.fenced();
  metrics.halted(true);
  metrics.throttled("acme", "quota");
  const cursor = {
    form: "plain",
    position: 0n,
    snapshot: { xmin: 1n, xmax: 1n, inProgress: [] },
    nextXid: null,
  } as const;
  const lane = { detail: "", resumeAtMs: null, probes: 0, cursor };
  metrics.lanes(0, [
    { ...lane, filter: ofTenant("acme"), reason: "quota" },
    { ...lane, filter: ofTopic("gone"), reason: "breaker" },
  ]);
  metrics.lanes(1, [{ ...lane, filter: ofTenant("other one"), reason: "quota" }]);
  const limit = { amount: 10n, windowNs: 10_000_000_000n, burst: 10n };
  const state = { events: BigInt(Date.now() + 5_000) * 1_000_000n, bytes: 0n };
  const quota = { events: limit, bytes: null, mode: "enforce" } as const;
  metrics.quotaUsed("acme", { quota, before: state, state, events: 1n, bytes: 1n });
  metrics.backlog([
    { tenantId: "acme", events: 7, oldestAgeMs: 1_500 },
    { tenantId: "other", events: 2, oldestAgeMs: 9_000 },
  ]);
  const text = await metrics.registry.metrics();
  for (const line of [
    'outbox_backlog_events{tenant="acme"} 7',
    'outbox_backlog_events{tenant="other"} 2',
    'outbox_oldest_pending_age_seconds{tenant="acme"} 1.5',
    'outbox_events_published_total{tenant="acme",topic="orders"} 5',
    'outbox_events_dead_total{tenant="acme",topic="orders",reason="too-large"} 1',
    'outbox_end_to_end_latency_seconds_bucket{le="0.005"} 1',
    'outbox_batch_seconds_count{step="publish"} 1',
    "outbox_fenced_total 1",
    "outbox_halted 1",
    'outbox_throttled_total{tenant="acme",reason="quota"} 1',
    'outbox_lane{reason="quota"} 2',
    'outbox_lane{reason="breaker"} 1',
    'outbox_lane{reason="paused"} 0',
    'outbox_circuit_open{tenant="",topic="gone"} 1',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  const used = Number(/outbox_quota_used_ratio\{tenant="acme"\} (.*)/.exec(text)![1]);
  expect(used).toBeGreaterThan(0.4);
  expect(used).toBeLessThanOrEqual(0.5);
});

test("whatever brokers say, the reasons of dead letters are so many", async () => {
  const metrics = createRelayMetrics();
  for (let n = 0; n < 100; n += 1) metrics.eventsDead("acme", "orders", `reason ${n}`, 1);
  const series = (await metrics.registry.metrics())
    .split("\n")
    .filter((line) => line.startsWith("outbox_events_dead_total{"));
  expect(series).toHaveLength(21);
  expect(series).toContain('outbox_events_dead_total{tenant="acme",topic="orders",reason="other"} 80');
});

test("two relays in one process count apart", async () => {
  const [one, two] = [createRelayMetrics(), createRelayMetrics()];
  one.fenced();
  expect(await two.registry.metrics()).toContain("outbox_fenced_total 0");
});

test("a tenant that loses its name leaves no series behind", async () => {
  const metrics = createRelayMetrics();
  for (let tenant = 0; tenant < 200; tenant += 1) {
    metrics.eventsPublished(`quiet-${tenant}`, "orders", 1);
    metrics.eventsDead(`quiet-${tenant}`, "orders", "invalid", 1);
  }
  for (let tenant = 0; tenant < 200; tenant += 1) metrics.eventsPublished(`busy-${tenant}`, "orders", 300);
  for (let tenant = 0; tenant < 200; tenant += 1) metrics.eventsPublished(`busy-${tenant}`, "orders", 300);
  const text = await metrics.registry.metrics();
  expect(new Set(text.match(/tenant="[^"]+"/g)).size).toBeLessThanOrEqual(201);
  expect(text).toContain('tenant="busy-199"');
  const published = [...text.matchAll(/published_total\{tenant="(quiet-\d+)"/g)].map((match) => match[1]);
  const dead = [...text.matchAll(/dead_total\{tenant="(quiet-\d+)"/g)].map((match) => match[1]);
  expect(dead).toEqual(published);
});
