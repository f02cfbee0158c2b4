/** The label that every tenant without a name of its own shares. */
export const OTHER_TENANTS = "other";

export interface TenantLabelLimits {
  /** Tenants that keep their own name. */
  readonly namedTenantsMax: number;
  /** Tenants that are counted, named ones included; the memory that a million tenants can take. */
  readonly countedTenantsMax: number;
  /** Events between two looks at who the busiest are. */
  readonly eventsBetweenLooks: number;
}

const DEFAULT_LIMITS: TenantLabelLimits = {
  namedTenantsMax: 200,
  countedTenantsMax: 2_000,
  eventsBetweenLooks: 50_000,
};

/**
 * Chooses which tenants appear in metrics under their own name: the busiest, every other shares {@link OTHER_TENANTS}.
 * Names are given out first come, first served; then, every so many events, a tenant that sent more than twice as much
 * lately takes the name of a quieter one. Twice, because two tenants of the same size would otherwise swap for ever,
 * and each swap breaks a series.
 */
export class TenantLabels {
  readonly #limits: TenantLabelLimits;
  readonly #nameLost: (tenant: string) => void;
  readonly #named = new Set<string>();
  readonly #counts = new Map<string, number>();
  #eventsUntilLook: number;

  /** @param nameLost called with a tenant whose series should go: it counts among the others from here on */
  constructor(nameLost: (tenant: string) => void, limits: TenantLabelLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.#nameLost = nameLost;
    this.#eventsUntilLook = limits.eventsBetweenLooks;
  }

  /** Counts a tenant's events and says under which label they go. */
  labelFor(tenant: string, events: number): string {
    if (tenant === OTHER_TENANTS) return OTHER_TENANTS;
    const counted = this.#counts.get(tenant);
    if (counted === undefined && this.#counts.size >= this.#limits.countedTenantsMax) this.#forgetQuietHalf();
    this.#counts.set(tenant, (counted ?? 0) + events);
    if (this.#named.size < this.#limits.namedTenantsMax) this.#named.add(tenant);

    this.#eventsUntilLook -= events;
    if (this.#eventsUntilLook <= 0) this.#nameBusiest();
    return this.#named.has(tenant) ? tenant : OTHER_TENANTS;
  }

  #nameBusiest(): void {
    this.#eventsUntilLook = this.#limits.eventsBetweenLooks;
    const challengers = this.#unnamedBusiestFirst();
    const incumbents = [...this.#named].sort((a, b) => this.#count(a) - this.#count(b));
    for (const [index, challenger] of challengers.entries()) {
      const incumbent = incumbents[index];
      if (incumbent === undefined || this.#count(challenger) <= 2 * this.#count(incumbent)) break;
      this.#named.delete(incumbent);
      this.#named.add(challenger);
      this.#nameLost(incumbent);
    }
    // Halving makes last hour's flood weigh less than what goes on now.
    for (const [tenant, count] of this.#counts) this.#counts.set(tenant, count / 2);
  }

  // Half at a time, so that a stream of tenants seen once costs one sort for every thousand of them.
  #forgetQuietHalf(): void {
    const unnamed = this.#unnamedBusiestFirst();
    for (const tenant of unnamed.slice(Math.floor(unnamed.length / 2))) this.#counts.delete(tenant);
  }

  #unnamedBusiestFirst(): string[] {
    const unnamed = [...this.#counts.keys()].filter((tenant) => !this.#named.has(tenant));
    return unnamed.sort((a, b) => this.#count(b) - this.#count(a));
  }

  #count(tenant: string): number {
    return this.#counts.get(tenant) ?? 0;
  }
}
