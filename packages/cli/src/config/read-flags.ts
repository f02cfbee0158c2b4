import { type Command, Option } from "commander";
import { addKafkaProperty, emptyLayer, type Layer } from "./layer.js";
import { flagOf, KAFKA_PROPERTIES, SETTING_IDS, SETTINGS } from "./settings.js";

const GROUP = "Configuration (flags over environment over siding.config.json or .yaml):";

/** What commander makes of the flags that {@link addConfigFlags} adds. */
export interface ConfigFlags {
  /** `--config FILE` */
  readonly configFile: string | undefined;
  readonly layer: Layer;
}

/** Gives a command one flag for each key of the configuration, `--kafka` and `--config`. */
export function addConfigFlags(command: Command): Command {
  for (const id of SETTING_IDS) {
    const { environment, summary, kind, default: fallback } = SETTINGS[id];
    const notes = [kind.expected, `env ${environment}`, ...(fallback === undefined ? [] : [`default ${fallback}`])];
    command.addOption(new Option(`${flagOf(id)} <value>`, `${summary} (${notes.join("; ")})`).helpGroup(GROUP));
  }
  const { flag, summary, environmentPrefix } = KAFKA_PROPERTIES;
  const repeatable = (text: string, earlier: readonly string[] = []): readonly string[] => [...earlier, text];
  command.addOption(
    new Option(`${flag} <property=value>`, `${summary} (env ${environmentPrefix}PROPERTY)`)
      .argParser(repeatable)
      .helpGroup(GROUP),
  );
  return command.addOption(
    new Option("--config <file>", "a .json or .yaml file to read, in place of siding.config.* here").helpGroup(GROUP),
  );
}

/** Reads the options of a command that {@link addConfigFlags} has prepared. */
export function readFlags(options: Readonly<Record<string, unknown>>): ConfigFlags {
  const layer = emptyLayer();
  for (const id of SETTING_IDS) {
    const name = flagOf(id);
    const text = options[optionOf(name)];
    if (typeof text === "string") layer.settings.set(id, { name, text, source: { kind: "flag", flag: name } });
  }
  const properties = options[KAFKA_PROPERTIES.file];
  for (const property of Array.isArray(properties) ? properties : []) addKafkaFlag(layer, String(property));
  return { configFile: typeof options.config === "string" ? options.config : undefined, layer };
}

/** Commander keeps --lease-ms as leaseMs. */
function optionOf(flag: string): string {
  return flag.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function addKafkaFlag(layer: Layer, argument: string): void {
  const flag = KAFKA_PROPERTIES.flag;
  const [, property, text] = /^([^=]+)=(.*)$/s.exec(argument) ?? [];
  if (property === undefined || text === undefined) {
    // Not quoted: without the = nobody can tell which part of it is a password.
    layer.problems.push(`${flag} (from the command line): expected property=value, such as ${flag} linger.ms=2`);
    return;
  }
  addKafkaProperty(layer, property, { name: `${flag} ${property}`, text, source: { kind: "flag", flag } });
}
