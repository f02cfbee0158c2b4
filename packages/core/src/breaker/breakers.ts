import type { BreakerPolicy } from "../policy/tenant-policy.js";

/** How long a breaker stays open after so many failed probes, in ms. */
export function coolDownMs({ coolDownMs: first, coolDownMaxMs }: BreakerPolicy, probes: number): number {
  return Math.min(coolDownMaxMs, first * 2 ** Math.min(probes, 30));
}

/** Why a tenant's events of one topic may not move, and until when (ms of Postgres' clock). */
export interface OpenBreaker {
  readonly untilMs: number;
  readonly probes: number;
  readonly detail: string;
}

interface Standing {
  readonly failures: number;
  readonly open: OpenBreaker | null;
}

export interface Place {
  readonly tenantId: string;
  readonly topic: string;
}

/**
 * Circuit breakers for one tenant's events of one topic: closed until so many different ones in a row are refused, then open;
 * after the cool-down one probe decides. Only refusals of events count, so a broker that is away opens none. (What is wrong with a
 * topic itself is asked before every batch, and opens a breaker for the topic at once.)
 */
export class Breakers {
  readonly #standing = new Map<string, Standing>();

  /** Null: closed, or due for its probe. */
  openAt({ tenantId, topic }: Place, nowMs: number): OpenBreaker | null {
    const open = this.#standing.get(name({ tenantId, topic }))?.open ?? null;
    return open !== null && open.untilMs > nowMs ? open : null;
  }

  refused(place: Place, policy: BreakerPolicy | null, error: string, nowMs: number): void {
    if (policy === null) return;
    const { failures, open } = this.#standing.get(name(place)) ?? { failures: 0, open: null };
    const isProbe = open !== null && open.untilMs <= nowMs;
    if (open !== null && !isProbe) return;
    if (failures + 1 < policy.failures) {
      this.#standing.set(name(place), { failures: failures + 1, open: null });
      return;
    }
    const probes = open === null ? 0 : open.probes + 1;
    const detail = `${failures + 1} refusals in a row on ${place.topic}: ${error}`;
    this.#standing.set(name(place), {
      failures: failures + 1,
      open: { untilMs: nowMs + coolDownMs(policy, probes), probes, detail },
    });
  }

  published(place: Place): void {
    if (this.#standing.size > 0) this.#standing.delete(name(place));
  }

  /** Whether no refusal is on anybody's account. */
  get areQuiet(): boolean {
    return this.#standing.size === 0;
  }

  /** Open, or due for its probe. */
  isOpen(place: Place): boolean {
    return (this.#standing.get(name(place))?.open ?? null) !== null;
  }
}

/** No topic's name has a line break. */
function name({ tenantId, topic }: Place): string {
  return `${topic}\n${tenantId}`;
}
