import type { OutboxEvent } from "@siding/core/event/outbox-event.js";
import type { EventPlan, TransactionPlan } from "../schedule/schedule.js";
import type { World } from "./world.js";

/**
 * An application's transactions: each waits for its locks, enqueues its events with pauses between, and commits or rolls
 * back. A server that restarts takes those that are under way with it.
 */
export class Application {
  readonly #world: World;
  readonly #running = new Set<Transaction>();
  #unstarted: number;

  constructor(world: World) {
    this.#world = world;
    this.#unstarted = world.schedule.transactions.length;
    for (const plan of world.schedule.transactions) world.timeline.after(plan.startMs, () => this.#start(plan));
  }

  get isDone(): boolean {
    return this.#unstarted === 0 && this.#running.size === 0;
  }

  /** Transactions end with the server that they run on. */
  postgresStopped(): void {
    for (const transaction of this.#running) transaction.lose();
    this.#running.clear();
  }

  #start(plan: TransactionPlan): void {
    if (!this.#world.isPostgresUp) {
      this.#world.timeline.after(20, () => this.#start(plan));
      return;
    }
    const transaction = new Transaction(this.#world, plan, () => this.#running.delete(transaction));
    this.#unstarted -= 1;
    this.#running.add(transaction);
    transaction.begin();
  }
}

class Transaction {
  readonly #world: World;
  readonly #plan: TransactionPlan;
  readonly #ended: () => void;
  readonly #events: OutboxEvent[] = [];
  #xid: bigint | null = null;
  #isOver = false;

  constructor(world: World, plan: TransactionPlan, ended: () => void) {
    this.#world = world;
    this.#plan = plan;
    this.#ended = ended;
  }

  lose(): void {
    this.#isOver = true;
    this.#world.story.tell(this.#plan.name, () => "is lost with the server");
  }

  begin(): void {
    const { earlyMs, locks, events } = this.#plan;
    // Locks are taken by a row that is written, so whoever takes one has an xid.
    if (earlyMs > 0 || locks) this.#xid = this.#world.postgres.log.begin();
    const rows = locks ? [...new Set(events.map(lockOf))].sort() : [];
    this.#later(earlyMs, () => this.#lock(rows, 0));
  }

  #lock(rows: readonly string[], at: number): void {
    const row = rows[at];
    if (row === undefined) {
      this.#enqueue(0);
      return;
    }
    const isWaiting = this.#world.postgres.locks.acquire(row, this.#xid!, () =>
      this.#later(0.05, () => this.#lock(rows, at + 1)),
    );
    if (isWaiting) this.#world.coverage.note("waited-for-lock");
  }

  #enqueue(at: number): void {
    const plan = this.#plan.events[at];
    if (plan === undefined) {
      this.#later(this.#plan.tailMs, () => this.#end());
      return;
    }
    this.#later(plan.afterMs, () => {
      // The row's defaults in their order: first its xid, then its seq (design §1).
      this.#xid ??= this.#world.postgres.log.begin();
      this.#later(plan.drawMs, () => {
        this.#insert(plan);
        this.#enqueue(at + 1);
      });
    });
  }

  #insert(plan: EventPlan): void {
    const { log } = this.#world.postgres;
    const event = log.insert(this.#xid!, this.#world.draftOf(plan));
    this.#events.push(event);
    if (log.isRunning(event.xid + 1n)) this.#world.coverage.note("seq-against-xid-order");
    this.#world.arrivals.inserted(event);
    this.#world.story.tell(
      this.#plan.name,
      () => `enqueues ${event.eventId}: ${placeOf(event)}, xid ${event.xid}, seq ${event.seq}`,
    );
  }

  #end(): void {
    const { postgres, story, arrivals, coverage } = this.#world;
    const xid = this.#xid;
    if (xid !== null) {
      if (this.#plan.fate === "commit") postgres.log.commit(xid);
      else postgres.log.rollback(xid);
      postgres.locks.releaseAll(xid);
    }
    if (this.#plan.fate === "commit") arrivals.committed(this.#events);
    else coverage.note("rolled-back-transaction");
    story.tell(this.#plan.name, () => (this.#plan.fate === "commit" ? "commits" : "rolls back"));
    this.#ended();
  }

  #later(ms: number, act: () => void): void {
    this.#world.timeline.after(ms, () => {
      if (!this.#isOver) act();
    });
  }
}

function lockOf({ tenant, key, id }: EventPlan): string {
  return `row ${tenant}/${key ?? id}`;
}

function placeOf(event: OutboxEvent): string {
  return `${event.tenantId}, topic ${event.topic}, ${event.key === null ? "no key" : `key ${event.key}`}`;
}
