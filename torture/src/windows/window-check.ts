import type { ReceivedRecord } from "@siding/testkit/delivery/committed-consumer.js";
import { renderTable } from "siding/status/plain-table.js";
import { type FullestWindow, fullestWindow } from "./fullest-window.js";
import type { LimitedTenant, WindowLimit } from "./limited-tenants.js";

interface Counted {
  readonly tenantId: string;
  readonly limit: WindowLimit;
  readonly arrivals: number;
  readonly fullest: FullestWindow;
}

/**
 * Holds every sliding window of what arrived against limit + burst, without any allowance.
 *
 * The time of a record is the one at which the broker appended it (LogAppendTime). The relay judges a batch, by Postgres'
 * clock, before it produces the batch's records, and counts it from a time that it asks of Postgres after Kafka's commit:
 * an append lies between the two, and the bound holds for every choice of times between them. Both servers read the clock
 * of one machine, so nothing has to be allowed for clocks; nor for the records becoming visible later, a few milliseconds
 * as a rule and never in another order, since a consumer's own clock is not asked.
 */
export class WindowCheck {
  readonly #tenants: readonly LimitedTenant[];
  readonly #arrivals = new Map<string, { atMs: number; bytes: number }[]>();

  constructor(tenants: readonly LimitedTenant[]) {
    this.#tenants = tenants;
  }

  receive({ key, value, headers, timestampMs }: ReceivedRecord): void {
    const tenantId = headers["tenant-id"]!;
    const arrivals = this.#arrivals.get(tenantId) ?? [];
    this.#arrivals.set(tenantId, arrivals);
    // What counts against a quota: the payload, the key, and the headers of the application's own, of which there are none.
    arrivals.push({ atMs: timestampMs, bytes: Buffer.byteLength(value) + Buffer.byteLength(key) });
  }

  received(tenantId: string): number {
    return this.#arrivals.get(tenantId)?.length ?? 0;
  }

  /** The table, and whether no window held too much. */
  verdict(): { readonly table: string; readonly isKept: boolean } {
    const all = this.#tenants.flatMap(({ tenantId, limits }) =>
      limits.map((limit): Counted => {
        const arrivals = this.#arrivals.get(tenantId) ?? [];
        const counted = arrivals.map(({ atMs, bytes }) => ({ atMs, units: limit.of === "events" ? 1 : bytes }));
        return { tenantId, limit, arrivals: arrivals.length, fullest: fullestWindow(counted, limit.windowMs) };
      }),
    );
    const columns = ["tenant", "limit", "events", "fullest window", "limit + burst", "", "it began"].map(
      (title, n) => ({
        title,
        align: n >= 2 && n <= 4 ? ("right" as const) : ("left" as const),
      }),
    );
    return { table: renderTable(columns, all.map(line), undefined, false), isKept: all.every(isWithin) };
  }
}

function isWithin({ limit, fullest }: Counted): boolean {
  return fullest.units <= limit.amount + limit.burst;
}

function line(counted: Counted): string[] {
  const { tenantId, limit, arrivals, fullest } = counted;
  const { amount, of, windowMs, burst } = limit;
  return [
    tenantId,
    `${amount} ${of} in ${windowMs / 1_000} s`,
    String(arrivals),
    String(fullest.units),
    String(amount + burst),
    isWithin(counted) ? "kept" : "BROKEN",
    new Date(fullest.fromMs).toISOString().slice(11, 23),
  ];
}
