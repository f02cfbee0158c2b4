type Cleanup = () => Promise<void>;

/** What has been started, to be ended in the reverse order, all of it, whatever fails on the way. */
export class Cleanups {
  readonly #steps: Cleanup[] = [];

  add(step: Cleanup): void {
    this.#steps.push(step);
  }

  /** @throws the first failure, after every step has been tried */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
