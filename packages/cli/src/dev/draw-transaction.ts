import type { Random } from "@siding/core/ports/clock.js";
import { ORDERS_A_TENANT } from "./sample-tenants.js";

/** What one business transaction does. */
export interface TransactionDraw {
  readonly orderId: string;
  /** `error`: a statement fails in the middle of it. */
  readonly ending: "commit" | "rollback" | "error";
  /** Part of it is done under a savepoint that is rolled back. */
  readonly undoesPart: boolean;
  readonly paysToo: boolean;
  /** An event without ordering key, with or without a dedupe key. */
  readonly email: "none" | "keyed" | "plain";
  /** Enqueues one event twice before it commits. */
  readonly repeatsInside: boolean;
  /** The whole request comes again after the commit, as from a caller that lost the answer. */
  readonly comesAgain: boolean;
  /** How long it stays open before it ends. */
  readonly holdMs: number;
}

const ROLLBACK = 0.08;
const UNDO_PART = 0.04;
const LONG = 0.02;
const REPEAT = 0.03;

export function drawTransaction(random: Random): TransactionDraw {
  const chance = (probability: number): boolean => random() < probability;
  const email = random();
  return {
    orderId: `order-${1 + Math.floor(random() * ORDERS_A_TENANT)}`,
    ending: chance(ROLLBACK) ? (chance(0.5) ? "rollback" : "error") : "commit",
    undoesPart: chance(UNDO_PART),
    paysToo: chance(0.3),
    email: email < 0.2 ? "keyed" : email < 0.4 ? "plain" : "none",
    repeatsInside: chance(REPEAT),
    comesAgain: chance(REPEAT),
    holdMs: chance(LONG) ? 150 + Math.floor(random() * 350) : 0,
  };
}
