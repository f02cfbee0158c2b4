/** Which methods each path knows, so that a wrong one is answered with 405 and not as if the path were none. */
export class AllowedMethods {
  readonly #byPath = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  add(path: string, methods: readonly string[]): void {
    const known = this.#byPath.get(path) ?? { pattern: patternOf(path), methods: new Set<string>() };
    for (const method of methods) known.methods.add(method);
    this.#byPath.set(path, known);
  }

  /** @param path without its query; the methods are empty where there is no such path */
  of(path: string): readonly string[] {
    const found = [...this.#byPath.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function patternOf(path: string): RegExp {
  const parts = path
    .split("/")
    .map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${parts.join("/")}$`);
}
