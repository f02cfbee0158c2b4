import { isSecretKafkaProperty, parseKafkaProperty } from "./kafka-properties.js";
import type { SettingId } from "./settings.js";

/** Where a value came from. Higher layers win: flag, environment, file. */
export type Source =
  | { readonly kind: "flag"; readonly flag: string }
  | { readonly kind: "environment" }
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "default" };

/** A value as it was written, not yet checked. */
export interface Written {
  /** The key in the spelling of its source: `SIDING_LEASE_MS`, `leaseMs` or `--lease-ms`. */
  readonly name: string;
  readonly text: string;
  readonly source: Source;
}

/** What one source says. Problems are collected, so that an operator sees all of them in one run. */
export interface Layer {
  readonly settings: Map<SettingId, Written>;
  /** By canonical property name. */
  readonly kafka: Map<string, Written>;
  readonly problems: string[];
}

export function emptyLayer(): Layer {
  return { settings: new Map(), kafka: new Map(), problems: [] };
}

/** Adds a Kafka client property to the layer, or the reason why it may not be set. */
export function addKafkaProperty(layer: Layer, property: string, written: Written): void {
  const parsed = parseKafkaProperty(property, written.text);
  if (parsed.kind === "refused") {
    const shown = isSecretKafkaProperty(property) ? "****" : written.text;
    layer.problems.push(refusal(written, shown, parsed.why));
    return;
  }
  const twin = layer.kafka.get(parsed.name);
  if (twin !== undefined) {
    layer.problems.push(
      `${written.name} and ${twin.name} (${whence(written.source)}) set the same property ${parsed.name}: keep one`,
    );
    return;
  }
  layer.kafka.set(parsed.name, written);
}

/** @param shown the value's text with secrets masked */
export function refusal({ name, source }: Written, shown: string, why: string): string {
  const short = shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
  return `${name} is ${JSON.stringify(short)} (${whence(source)}): ${why}`;
}

function whence(source: Source): string {
  switch (source.kind) {
    case "flag":
      return "from the command line";
    case "environment":
      return "from the environment";
    case "file":
      return `from ${source.file}`;
    case "default":
      return "the default";
  }
}
