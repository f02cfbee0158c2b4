import Table from "cli-table3";
import pc from "picocolors";
import type { Source } from "./layer.js";
import type { ConfigEntry } from "./load-config.js";

export type OutputFormat = "table" | "json";

/**
 * The text of `siding config`, with a line end. The table has no borders, so that it can be read by eye and by awk.
 * @param color whether a terminal reads it
 */
export function renderConfig(entries: readonly ConfigEntry[], format: OutputFormat, color: boolean): string {
  return format === "json" ? renderJson(entries) : renderTable(entries, color);
}

function renderJson(entries: readonly ConfigEntry[]): string {
  const rows = entries.map(({ key, value, source }) => ({ key, value, source: sourceName(source) }));
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

function renderTable(entries: readonly ConfigEntry[], color: boolean): string {
  const { bold, cyan, dim } = pc.createColors(color);
  const noBorders = ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"];
  const noLines = ["left", "left-mid", "mid", "mid-mid", "right", "right-mid"];
  const table = new Table({
    chars: { ...Object.fromEntries([...noBorders, ...noLines].map((name) => [name, ""])), middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
    head: ["KEY", "VALUE", "SOURCE"].map((title) => bold(title)),
  });
  for (const { key, value, source } of entries) {
    const shown = value === null ? dim("(not set)") : String(value);
    const isDefault = source.kind === "default";
    table.push([isDefault ? key : cyan(key), shown, isDefault ? dim("default") : sourceName(source)]);
  }
  return `${table.toString().replace(/[ \t]+$/gm, "")}\n`;
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
