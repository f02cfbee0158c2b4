/** Something that is going to happen. */
export interface Appointment {
  cancel(): void;
}

interface Entry extends Appointment {
  readonly atUs: number;
  readonly order: number;
  act: (() => void) | null;
}

/** The one simulated clock: what is going to happen, in the order of its time, and of its making where times are equal. */
export class Timeline {
  readonly #heap: Entry[] = [];
  #order = 0;
  /** Whole microseconds: sums of them are exact, and the trace shows every difference that there is. */
  #nowUs = 0;

  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  after(ms: number, act: () => void): Appointment {
    const entry: Entry = {
      atUs: this.#nowUs + Math.max(0, Math.round(ms * 1000)),
      order: this.#order++,
      act,
      cancel() {
        entry.act = null;
      },
    };
    this.#push(entry);
    return entry;
  }

  /** Moves on to the next appointment and keeps it. False: nothing is going to happen any more. */
  step(): boolean {
    for (;;) {
      const entry = this.#pop();
      if (entry === undefined) return false;
      if (entry.act === null) continue;
      this.#nowUs = entry.atUs;
      const act = entry.act;
      entry.act = null;
      act();
      return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
