import pc from "picocolors";
import { type Cell, renderTable } from "../status/plain-table.js";
import type { Source } from "./layer.js";
import type { ConfigEntry } from "./load-config.js";

export type OutputFormat = "table" | "json";

/**
 * The text of `siding config`, with a line end. The table has no borders, so that it can be read by eye and by awk.
 * @param color whether a terminal reads it
 */
export function renderConfig(entries: readonly ConfigEntry[], format: OutputFormat, color: boolean): string {
  return format === "json" ? renderJson(entries) : renderEntries(entries, color);
}

function renderJson(entries: readonly ConfigEntry[]): string {
  const rows = entries.map(({ key, value, source }) => ({ key, value, source: sourceName(source) }));
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

function renderEntries(entries: readonly ConfigEntry[], color: boolean): string {
  const { cyan, dim } = pc.createColors(color);
  const rows = entries.map(({ key, value, source }): Cell[] => {
    const isDefault = source.kind === "default";
    return [
      isDefault ? key : { text: key, paint: cyan },
      value === null ? { text: "(not set)", paint: dim } : String(value),
      isDefault ? { text: "default", paint: dim } : sourceName(source),
    ];
  });
  return renderTable([{ title: "KEY" }, { title: "VALUE" }, { title: "SOURCE" }], rows, undefined, color);
}

function sourceName(source: Source): string {
  switch (source.kind) {
    case "flag":
      return source.flag;
    case "file":
      return source.file;
    case "environment":
    case "default":
      return source.kind;
  }
}
