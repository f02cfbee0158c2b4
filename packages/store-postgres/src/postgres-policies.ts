import type { Admission } from "@siding/core/policy/settle-policy.js";
import type { PolicyBook, PolicySource } from "@siding/core/ports/policy-source.js";
import type { Connections } from "./connection.js";
import { gateValues, parseBook, READ_POLICIES, SET_GATES } from "./policy-book.js";

/** Policies on a real Postgres, as a relay reads them. */
export class PostgresPolicies implements PolicySource {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async readPolicies(known: bigint | null): Promise<{ nowMs: number; book: PolicyBook | null }> {
    const [row] = await this.#connections.run(READ_POLICIES, [known === null ? null : String(known)]);
    return parseBook(row!);
  }

  async setGates(version: bigint, gates: ReadonlyMap<string, Admission>): Promise<boolean> {
    return (await this.#connections.run(SET_GATES, gateValues(version, gates))).length > 0;
  }
}
