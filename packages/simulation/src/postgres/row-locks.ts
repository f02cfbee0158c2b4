/** Locks that a transaction holds until its end, given in the order in which they were asked for. */
export class RowLocks {
  readonly #queues = new Map<string, { readonly holder: bigint; readonly granted: () => void }[]>();

  /** Answers whether it has to wait; granted is called at once where it has not. */
  acquire(row: string, holder: bigint, granted: () => void): boolean {
    const queue = this.#queues.get(row) ?? [];
    this.#queues.set(row, queue);
    if (queue[0]?.holder === holder) {
      granted();
      return false;
    }
    queue.push({ holder, granted });
    if (queue.length > 1) return true;
    granted();
    return false;
  }

  releaseAll(holder: bigint): void {
    for (const [row, queue] of this.#queues) {
      if (queue[0]?.holder !== holder) continue;
      queue.shift();
      if (queue.length === 0) this.#queues.delete(row);
      else queue[0]!.granted();
    }
  }

  /** The server is gone, and everybody who waited with it. */
  clear(): void {
    this.#queues.clear();
  }
}
