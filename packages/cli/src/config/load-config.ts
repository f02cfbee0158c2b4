import { SidingError } from "@siding/core/errors.js";
import { isSecretKafkaProperty } from "./kafka-properties.js";
import { type Layer, refusal, type Source, type Written } from "./layer.js";
import { listenerProblem } from "./listener-problem.js";
import { readEnvironment } from "./read-environment.js";
import { findConfigFile, readConfigFile } from "./read-file.js";
import { readFlags } from "./read-flags.js";
import {
  flagOf,
  KAFKA_PROPERTIES,
  type OptionalSettingId,
  SETTING_IDS,
  SETTINGS,
  type SettingId,
  type SidingConfig,
} from "./settings.js";

/** One line of `siding config`. */
export interface ConfigEntry {
  /** The name of its environment variable. */
  readonly key: string;
  /** Secrets masked; null when it is not set and has no default. */
  readonly value: string | number | null;
  readonly source: Source;
}

export interface EffectiveConfig {
  readonly values: SidingConfig;
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigInputs {
  /** What commander parsed: `command.opts()`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

/**
 * The configuration in force: flags over environment over file over defaults.
 *
 * ```ts
 * const { values } = loadConfig({ options: command.opts(), environment: process.env, directory: process.cwd() });
 * ```
 * @throws SIDING_CONFIG_INVALID naming every key that is unknown or has a bad value
 */
export function loadConfig({ options, environment, directory }: ConfigInputs): EffectiveConfig {
  const { configFile, layer: flags } = readFlags(options);
  const path = findConfigFile(configFile, directory);
  const layers = [flags, readEnvironment(environment), ...(path === undefined ? [] : [readConfigFile(path)])];
  const problems = layers.flatMap((layer) => layer.problems);

  const values = new Map<SettingId, unknown>();
  const entries: ConfigEntry[] = [];
  for (const id of SETTING_IDS) {
    const written = writtenFor(id, layers);
    const parsed = parseWritten(id, written);
    if (parsed.problem !== undefined) problems.push(parsed.problem);
    values.set(id, parsed.value);
    entries.push({
      key: SETTINGS[id].environment,
      value: parsed.shown,
      source: written?.source ?? { kind: "default" },
    });
  }
  const kafka = mergeKafka(layers);
  const config = { ...Object.fromEntries(values), kafka: kafka.values } as SidingConfig;
  if (problems.length === 0) problems.push(...acrossSettings(config, writtenFor("http", layers)));
  if (problems.length > 0) throw new SidingError("SIDING_CONFIG_INVALID", problems.join("; "));
  return { values: config, entries: [...entries, ...kafka.entries] };
}

/**
 * The value of a setting that this command cannot do without.
 * @throws SIDING_CONFIG_INVALID when it is set nowhere, saying where it can be set
 */
export function requireSetting<K extends OptionalSettingId>(config: SidingConfig, id: K): NonNullable<SidingConfig[K]> {
  const value = config[id];
  if (value !== undefined) return value;
  const { environment, file, kind } = SETTINGS[id];
  throw new SidingError(
    "SIDING_CONFIG_INVALID",
    `${environment} is not set: ${kind.expected}, in the environment, as ${flagOf(id)} or as ${file} in siding.config.yaml`,
  );
}

function writtenFor(id: SettingId, layers: readonly Layer[]): Written | undefined {
  const { environment, default: fallback } = SETTINGS[id];
  const winner = layers.find((layer) => layer.settings.has(id))?.settings.get(id);
  if (winner !== undefined || fallback === undefined) return winner;
  return { name: environment, text: fallback, source: { kind: "default" } };
}

interface ParsedSetting {
  readonly value: unknown;
  readonly shown: string | number | null;
  readonly problem: string | undefined;
}

function parseWritten(id: SettingId, written: Written | undefined): ParsedSetting {
  if (written === undefined) return { value: undefined, shown: null, problem: undefined };
  const { kind } = SETTINGS[id];
  const parsed = kind.parse(written.text);
  const masked = kind.mask(written.text);
  if (parsed.kind === "refused")
    return { value: undefined, shown: null, problem: refusal(written, masked, parsed.why) };
  // A plain number is one in JSON too; with a unit it stays as it was written, so that the reader knows it again.
  const isPlain = typeof parsed.value === "number" && String(parsed.value) === written.text;
  return { value: parsed.value, shown: isPlain ? Number(written.text) : masked, problem: undefined };
}

function mergeKafka(layers: readonly Layer[]): { values: Record<string, string>; entries: ConfigEntry[] } {
  // The highest layer comes last, so that it wins.
  const merged = new Map(layers.toReversed().flatMap((layer) => [...layer.kafka]));
  const sorted = [...merged].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = sorted.map(([property, { text, source }]) => ({
    key: KAFKA_PROPERTIES.environmentPrefix + property.toUpperCase().replaceAll(".", "_"),
    value: isSecretKafkaProperty(property) ? "****" : text,
    source,
  }));
  return { values: Object.fromEntries(sorted.map(([property, { text }]) => [property, text])), entries };
}

function acrossSettings(config: SidingConfig, http: Written | undefined): string[] {
  const why = listenerProblem(config.http, config.httpToken);
  return why === undefined || http === undefined ? [] : [refusal(http, http.text, why)];
}
