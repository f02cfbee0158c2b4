import { addKafkaProperty, emptyLayer, type Layer } from "./layer.js";
import { nearestName } from "./nearest-name.js";
import { KAFKA_PROPERTIES, SETTING_IDS, SETTINGS, type SettingId } from "./settings.js";

const ID_BY_VARIABLE: ReadonlyMap<string, SettingId> = new Map(SETTING_IDS.map((id) => [SETTINGS[id].environment, id]));

// Read by the embedded Postgres and Kafka, not through this configuration.
const OTHER_READERS: ReadonlySet<string> = new Set(["SIDING_CACHE_DIR"]);

/**
 * What the environment says. A variable that begins with `SIDING_` and is not known is a problem: it is a slip, and
 * ignoring it would run the relay with a value that nobody chose.
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Layer {
  const layer = emptyLayer();
  for (const [name, text] of Object.entries(variables)) {
    if (text === undefined) continue;
    const written = { name, text, source: { kind: "environment" } } as const;
    const id = ID_BY_VARIABLE.get(name);
    if (id !== undefined) {
      layer.settings.set(id, written);
    } else if (/^SIDING_KAFKA__[A-Z0-9_]+$/.test(name)) {
      const property = name.slice(KAFKA_PROPERTIES.environmentPrefix.length).replaceAll("_", ".").toLowerCase();
      addKafkaProperty(layer, property, written);
    } else if (name.startsWith("SIDING_") && !isForeign(name, text)) {
      layer.problems.push(unknownVariable(name));
    }
  }
  return layer;
}

function isForeign(name: string, text: string): boolean {
  // The test harness tells the tests where its services are, and commands started by a test inherit that.
  return OTHER_READERS.has(name) || name.startsWith("SIDING_TEST_") || isServiceLink(name, text);
}

// Kubernetes gives every pod variables for each Service in its namespace: a Service called `siding-admin` makes
// SIDING_ADMIN_SERVICE_HOST, SIDING_ADMIN_SERVICE_PORT and SIDING_ADMIN_PORT=tcp://10.0.0.7:8080 among others. The
// value is looked at too, so that a slip such as SIDING_HTTP_PORT=9464 is still found.
function isServiceLink(name: string, text: string): boolean {
  if (/_SERVICE_HOST$/.test(name)) return true;
  if (/_SERVICE_PORT(_[A-Z0-9_]+)?$/.test(name)) return /^\d+$/.test(text);
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return /_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(text);
}

function unknownVariable(name: string): string {
  const property = /^SIDING_KAFKA_(.+)$/.exec(name)?.[1]?.replace(/^_+/, "");
  const nearest =
    property === undefined
      ? nearestName(name, ID_BY_VARIABLE.keys())
      : `${KAFKA_PROPERTIES.environmentPrefix}${property.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}`;
  const advice = nearest === undefined ? "no variable of Siding's has a name like it" : `did you mean ${nearest}?`;
  return `${name} (from the environment) is not a known variable: ${advice}`;
}
