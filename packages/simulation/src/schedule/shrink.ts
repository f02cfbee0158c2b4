import type { Schedule, TransactionPlan } from "./schedule.js";

/** More plays than this are not worth a smaller story. */
const PLAYS_MAX = 1_500;

/** Whether a schedule still breaks a promise. */
export type StillBroken = (schedule: Schedule) => Promise<boolean>;

/**
 * Cuts a broken schedule down as long as it stays broken: decisions are dropped, first many at once, then one by one,
 * and what remains is made plain.
 */
export async function shrink(schedule: Schedule, isBroken: StillBroken): Promise<Schedule> {
  let best = schedule;
  let plays = 0;
  const accept = async (candidate: Schedule): Promise<boolean> => {
    if (plays >= PLAYS_MAX) return false;
    plays += 1;
    if (!(await isBroken(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before: Schedule | null = null; before !== best; ) {
    before = best;
    await shrinkList(
      () => best.faults,
      (faults) => accept({ ...best, faults }),
    );
    await shrinkList(
      () => best.jobs,
      (jobs) => accept({ ...best, jobs }),
    );
    await shrinkList(
      () => best.transactions,
      (transactions) => accept({ ...best, transactions }),
    );
    await shrinkList(
      () => best.relays.slice(1),
      (more) => accept({ ...best, relays: [best.relays[0]!, ...more] }),
    );
    await shrinkTransactions(() => best, accept);
    for (const plain of plainer(best)) await accept({ ...best, ...plain });
  }
  return best;
}

/** Drops halves, then quarters, down to single items. */
async function shrinkList<T>(
  list: () => readonly T[],
  accept: (list: readonly T[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(list().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list().length; ) {
      const without = [...list().slice(0, at), ...list().slice(at + size)];
      if (!(await accept(without))) at += size;
    }
  }
}

async function shrinkTransactions(
  best: () => Schedule,
  accept: (schedule: Schedule) => Promise<boolean>,
): Promise<void> {
  for (let at = 0; at < best().transactions.length; at++) {
    const current = (): TransactionPlan => best().transactions[at]!;
    const put = (transaction: TransactionPlan) =>
      accept({ ...best(), transactions: best().transactions.map((each, i) => (i === at ? transaction : each)) });
    await shrinkList(
      () => current().events,
      (events) => put({ ...current(), events }),
    );
    if (current().earlyMs > 0) await put({ ...current(), earlyMs: 0 });
    if (current().tailMs > 0) await put({ ...current(), tailMs: 0 });
    if (current().locks) await put({ ...current(), locks: false });
    for (let i = 0; i < current().events.length; i++) {
      const event = current().events[i]!;
      const plain = { ...event, afterMs: 0, drawMs: 0.02, refusals: 0 };
      if (event.afterMs > 0 || event.drawMs > 1 || event.refusals > 0) {
        await put({ ...current(), events: current().events.map((each, j) => (j === i ? plain : each)) });
      }
    }
  }
}

/** Simpler settings, each worth a try on its own. */
function plainer(schedule: Schedule): Partial<Schedule>[] {
  const relays = schedule.relays.map(({ startMs }) => ({ startMs, clockRate: 1, clockOffsetMs: 0 }));
  const settings: Partial<Schedule>[] = [
    { shards: 1 },
    { relays },
    { topics: schedule.topics.map(({ name }) => ({ name, missing: [] })) },
    { tenants: schedule.tenants.map(() => ({ quota: null, batchLimit: null, weight: 1, pauses: [] })) },
    { batchBytesMax: 1_000_000 },
  ];
  return settings.filter((setting) => JSON.stringify({ ...schedule, ...setting }) !== JSON.stringify(schedule));
}
