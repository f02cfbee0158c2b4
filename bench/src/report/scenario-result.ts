/** A table of a scenario, as it is printed. The first column names the row. */
export interface ResultTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure beside what is aimed at. */
export interface Target {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  readonly aim: { readonly atLeast: number } | { readonly atMost: number };
}

export interface ScenarioResult {
  readonly name: string;
  /** What was measured, from when to when: printed with the figures, so that nobody has to guess. */
  readonly definition: string;
  readonly settings: object;
  readonly tables: readonly ResultTable[];
  readonly targets: readonly Target[];
  /** Every figure of every round. */
  readonly figures: object;
}

export function isMet({ figure, aim }: Target): boolean {
  return "atLeast" in aim ? figure >= aim.atLeast : figure <= aim.atMost;
}
