import { createHash } from "node:crypto";

/** One event of the benchmark: the n-th is the same in every run, so that both sides of a comparison send the same bytes. */
export interface SampleEvent {
  readonly eventId: string;
  readonly tenantId: string;
  readonly createdAt: string;
  /** As Postgres writes a jsonb: keys by length, then by bytes, and a blank behind each colon and comma. */
  readonly payload: string;
}

export interface SampleShape {
  readonly tenants: number;
  readonly payloadBytes: number;
}

const BEGIN_MS = Date.UTC(2026, 0, 1);
// Records are compressed: random letters would not be, and one letter again and again would be to nothing.
const WORDS = (
  "order parcel delivery street window customer invoice balance courier return weekend morning signature doorstep " +
  "warehouse express standard refund voucher account address contact payment transfer shipment tracking label neighbour"
).split(" ");
const STATUSES = ["placed", "paid", "packed", "shipped", "delivered"];

export function sampleEvent(n: number, shape: SampleShape): SampleEvent {
  const random = mulberry32(n);
  const atMs = BEGIN_MS + n;
  const createdAt = new Date(atMs).toISOString();
  return {
    eventId: eventId(atMs, random),
    tenantId: `tenant-${String(n % shape.tenants).padStart(4, "0")}`,
    createdAt,
    payload: payload(n, createdAt, random, shape.payloadBytes),
  };
}

/** As siding.shard_of: the raw side gives its producers what each shard would get, which is not quite the same for all. */
export function shardOf(tenantId: string, shards: number): number {
  return createHash("sha256").update(tenantId).digest().readUInt32BE(0) % shards;
}

function payload(n: number, createdAt: string, random: () => number, bytes: number): string {
  const status = STATUSES[Math.floor(random() * STATUSES.length)];
  const head = `{"id": ${n}, "note": "`;
  const tail =
    `", "total": ${Math.floor(random() * 100_000)}, "status": "${status}", "currency": "EUR", ` +
    `"customer": "${hex(random)}${hex(random)}", "placed_at": "${createdAt}"}`;
  const room = bytes - head.length - tail.length;
  if (room < 0) throw new Error(`a payload takes ${head.length + tail.length} bytes at least`);
  let note = "";
  while (note.length < room) note += `${WORDS[Math.floor(random() * WORDS.length)]} `;
  return head + note.slice(0, room) + tail;
}

/** A UUID of version 7, as siding.new_event_id makes them; different for different n, since the time in it is. */
function eventId(atMs: number, random: () => number): string {
  const time = atMs.toString(16).padStart(12, "0");
  const tail = hex(random) + hex(random) + hex(random);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6, 18)}`;
}

function hex(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

/** A small generator with a seed: what is random here must be the same on both sides. */
function mulberry32(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
