import { existsSync, readFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { SidingError } from "@siding/core/errors.js";
import { LineCounter, parseDocument } from "yaml";
import { addKafkaProperty, emptyLayer, type Layer, type Source } from "./layer.js";
import { nearestName } from "./nearest-name.js";
import { KAFKA_PROPERTIES, SETTING_IDS, SETTINGS, type SettingId } from "./settings.js";

const ID_BY_KEY: ReadonlyMap<string, SettingId> = new Map(SETTING_IDS.map((id) => [SETTINGS[id].file, id]));

// The configuration is a page of text; anything larger is another file given by mistake.
const FILE_CHARACTERS_MAX = 1_048_576;

/**
 * The file to read: the named one, else `siding.config.json` or `siding.config.yaml` in the directory, else none.
 * @throws SIDING_CONFIG_INVALID when two stand side by side: which one is meant is not Siding's to guess
 */
export function findConfigFile(named: string | undefined, directory: string): string | undefined {
  if (named !== undefined) return resolve(directory, named);
  const misnamed = join(directory, "siding.config.yml");
  if (existsSync(misnamed)) throw invalid("siding.config.yml is not read: name it siding.config.yaml");
  const found = ["siding.config.json", "siding.config.yaml"].filter((name) => existsSync(join(directory, name)));
  if (found.length > 1) throw invalid(`${found.join(" and ")} stand side by side in ${directory}: keep one of them`);
  return found[0] === undefined ? undefined : join(directory, found[0]);
}

/**
 * What the file says; unknown keys and values of the wrong shape become the layer's problems.
 * @throws SIDING_CONFIG_INVALID when it cannot be read or parsed at all
 */
export function readConfigFile(path: string): Layer {
  const layer = emptyLayer();
  const name = basename(path);
  const source: Source = { kind: "file", file: name };
  for (const [key, value] of Object.entries(parseFile(path))) {
    const id = ID_BY_KEY.get(key);
    if (key === KAFKA_PROPERTIES.file) {
      addKafkaMap(layer, value, source, name);
    } else if (id === undefined) {
      layer.problems.push(unknownKey(key, name));
    } else {
      const text = scalarText(value);
      if (text !== undefined) layer.settings.set(id, { name: key, text, source });
      else layer.problems.push(`${key} (from ${name}) is ${shapeOf(value)}: ${SETTINGS[id].kind.expected}`);
    }
  }
  return layer;
}

function addKafkaMap(layer: Layer, value: unknown, source: Source, file: string): void {
  if (!isMap(value)) {
    layer.problems.push(`kafka (from ${file}) is ${shapeOf(value)}: expected a map of client properties to values`);
    return;
  }
  for (const [property, propertyValue] of Object.entries(value)) {
    const name = `kafka."${property}"`;
    const text = scalarText(propertyValue);
    if (text !== undefined) addKafkaProperty(layer, property, { name, text, source });
    else
      layer.problems.push(`${name} (from ${file}) is ${shapeOf(propertyValue)}: expected text, a number or a boolean`);
  }
}

function parseFile(path: string): Readonly<Record<string, unknown>> {
  const extension = extname(path);
  if (extension !== ".json" && extension !== ".yaml") {
    throw invalid(`--config is ${JSON.stringify(path)}: expected a file that ends in .json or .yaml`);
  }
  const text = readText(path);
  const content = extension === ".json" ? parseJson(path, text) : parseYaml(path, text);
  if (!isMap(content)) throw invalid(`${path} holds ${shapeOf(content)}: expected a map of keys to values`);
  return content;
}

function readText(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length <= FILE_CHARACTERS_MAX) return text;
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    throw invalid(`${path} cannot be read (${why})`, cause);
  }
  throw invalid(`${path} is longer than ${FILE_CHARACTERS_MAX} characters: that is not a configuration file`);
}

// The parsers' own messages quote the text around the fault, and that text may hold a password. Only the place is told.
function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const offset = /at position (\d+)/.exec(String(cause))?.[1];
    const line = offset === undefined ? undefined : text.slice(0, Number(offset)).split("\n").length;
    throw invalid(`${path} is not JSON${line === undefined ? "" : `: the fault is at line ${line}`}`);
  }
}

function parseYaml(path: string, text: string): unknown {
  const lineCounter = new LineCounter();
  // The failsafe schema leaves every scalar the text that was written: `deployment: 01` must not become 1.
  const document = parseDocument(text, { schema: "failsafe", prettyErrors: false, lineCounter });
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw invalid(`${path} is not YAML: ${fault.code} at line ${lineCounter.linePos(fault.pos[0]).line}`);
  }
  // An empty file, or one of comments alone, says nothing; that is no fault.
  return document.contents === null ? {} : document.toJS();
}

function scalarText(value: unknown): string | undefined {
  return ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shapeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return isMap(value) ? "a map" : "a single value";
}

function unknownKey(key: string, file: string): string {
  const byVariable = SETTING_IDS.find((id) => SETTINGS[id].environment === key);
  const nearest = byVariable
    ? SETTINGS[byVariable].file
    : nearestName(key, [...ID_BY_KEY.keys(), KAFKA_PROPERTIES.file]);
  const advice =
    nearest === undefined ? `the keys are ${[...ID_BY_KEY.keys(), "kafka"].join(", ")}` : `did you mean ${nearest}?`;
  return `${key} (from ${file}) is not a known key: ${advice}`;
}

function invalid(message: string, cause?: unknown): SidingError {
  return new SidingError("SIDING_CONFIG_INVALID", message, cause === undefined ? {} : { cause });
}
