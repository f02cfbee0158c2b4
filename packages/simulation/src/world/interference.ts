import type { Action, Fault } from "../schedule/schedule.js";
import type { RelayProcess } from "./relay-process.js";

/** What a schedule does to a message at a step; what it does to a process is done already. */
export interface Interference {
  readonly isLost: boolean;
  /** When the caller learns of the loss; null: by its own time-out. */
  readonly resetMs: number | null;
  readonly delayMs: number;
}

const NONE: Interference = { isLost: false, resetMs: null, delayMs: 0 };

/** A fault that counts every step, whatever its name. */
export const ANY_STEP = "*";

/** Carries out what concerns more than a message. */
export type Actor = (action: Action, process: RelayProcess, step: string) => void;

/** The schedule's faults, each waiting for its step. */
export class Faults {
  readonly #waiting = new Map<string, { fault: Fault; left: number }[]>();
  readonly #act: Actor;
  #isOver = false;

  constructor(faults: readonly Fault[], act: Actor) {
    this.#act = act;
    for (const fault of faults) {
      const list = this.#waiting.get(fault.step) ?? [];
      list.push({ fault, left: fault.nth });
      this.#waiting.set(fault.step, list);
    }
  }

  /** From now on nothing interferes. */
  end(): void {
    this.#isOver = true;
  }

  /** Called at every step of the run, before what the step does. */
  reach(step: string, process: RelayProcess): Interference {
    if (this.#isOver) return NONE;
    const met = this.#meet(ANY_STEP, step, process, NONE);
    return this.#meet(step, step, process, met);
  }

  #meet(waitingFor: string, step: string, process: RelayProcess, soFar: Interference): Interference {
    const waiting = this.#waiting.get(waitingFor);
    if (waiting === undefined) return soFar;
    let met = soFar;
    for (const each of waiting) {
      each.left -= 1;
      if (each.left !== 0) continue;
      const { action } = each.fault;
      if (action.kind === "lose") met = { ...met, isLost: true, resetMs: action.resetMs };
      else if (action.kind === "delay") met = { ...met, delayMs: met.delayMs + action.ms };
      else this.#act(action, process, step);
    }
    return met;
  }
}
