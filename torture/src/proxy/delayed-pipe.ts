import type { Socket } from "node:net";

/** Writes to a socket after a delay that may change from chunk to chunk, and never out of order. */
export class DelayedPipe {
  readonly #to: Socket;
  readonly #queue: { readonly chunk: Buffer | null; readonly dueMs: number }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(to: Socket) {
    this.#to = to;
  }

  /** @param chunk null: the end of the stream */
  push(chunk: Buffer | null, delayMs: number): void {
    if (delayMs === 0 && this.#queue.length === 0) {
      this.#write(chunk);
      return;
    }
    this.#queue.push({ chunk, dueMs: performance.now() + delayMs });
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#queue[0];
    if (next === undefined || this.#timer !== null) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        while (this.#queue[0] !== undefined && this.#queue[0].dueMs <= performance.now()) {
          this.#write(this.#queue.shift()!.chunk);
        }
        this.#schedule();
      },
      Math.max(1, next.dueMs - performance.now()),
    );
  }

  #write(chunk: Buffer | null): void {
    if (this.#to.destroyed) return;
    if (chunk === null) this.#to.end();
    else this.#to.write(chunk);
  }
}
