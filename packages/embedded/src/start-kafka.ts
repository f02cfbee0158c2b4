import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startDockerKafka } from "./docker-kafka.js";
import { freePorts } from "./free-ports.js";
import { kafkaAnswers } from "./kafka-answers.js";
import { ensureKafka } from "./kafka-distribution.js";
import { type KafkaProperties, kafkaProperties } from "./kafka-properties.js";
import { type RunningService, startService } from "./managed-service.js";
import { runToEnd } from "./run-to-end.js";
import { makeTemporaryDir } from "./temporary-dir.js";
import { guardProcess, type Watchdog } from "./watchdog.js";

export interface KafkaOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Kept at stop, and used again where it already holds data; without it the data is temporary. */
  readonly dataDir?: string;
  /** 512 by default. */
  readonly heapMegabytes?: number;
  /** Broker properties, added to or replacing the defaults of {@link kafkaProperties}. */
  readonly properties?: KafkaProperties;
  readonly startTimeoutMs?: number;
}

export interface RunningKafka extends RunningService {
  /** For a client's `bootstrap.servers`. */
  readonly brokers: string;
}

const FORMAT_TIMEOUT_MS = 60_000;
// What Kafka's own start script passes, so that what is measured here is measured on an ordinary broker.
const BROKER_FLAGS = [
  ...["-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"],
  ...["-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"],
];
// The formatter lives for half a second: compiling it well takes longer than it runs.
const FORMATTER_FLAGS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/**
 * Starts a real Kafka, one node, on 127.0.0.1 and resolves once it answers with a broker that is alive.
 * @throws ServiceStartError
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const kafka = await ensureKafka();
  if (kafka.kind === "docker") return startDockerKafka(options);

  const dataDir = options.dataDir ? resolve(options.dataDir) : makeTemporaryDir("kafka", undefined);
  const watchdog = guardProcess("SIGKILL", options.dataDir ? undefined : dataDir);
  try {
    // Native libraries are unpacked into Java's temporary directory and stay there after a SIGKILL: keep them inside.
    mkdirSync(join(dataDir, "tmp"), { recursive: true });
    const javaFlags = [
      ...[`-Djava.io.tmpdir=${join(dataDir, "tmp")}`, "-XX:-UsePerfData"],
      ...["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"],
      ...["-cp", `${kafka.jarsDir}/*`],
    ];
    const [port, controllerPort] = await chosenPorts(options.port);
    const propertiesFile = writeProperties({ dataDir, port, controllerPort, extra: options.properties });
    await format({ java: kafka.java, javaFlags, dataDir, propertiesFile, watchdog });
    const service = await startService({
      name: "Kafka",
      command: kafka.java,
      args: [`-Xmx${options.heapMegabytes ?? 512}m`, ...BROKER_FLAGS, ...javaFlags, "kafka.Kafka", propertiesFile],
      env: process.env,
      user: undefined,
      port,
      dataDir,
      logFile: join(dataDir, "kafka.log"),
      signals: { fast: "SIGTERM", immediate: "SIGKILL" },
      startTimeoutMs: options.startTimeoutMs ?? 90_000,
      watchdog,
      answers: () => kafkaAnswers(port),
    });
    return Object.assign(service, { brokers: `127.0.0.1:${port}` });
  } catch (error) {
    await watchdog.release();
    throw error;
  }
}

async function chosenPorts(given: number | undefined): Promise<[number, number]> {
  const [first, second] = await freePorts(2);
  return given === undefined ? [first!, second!] : [given, first === given ? second! : first!];
}

interface Layout {
  readonly dataDir: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly extra: KafkaProperties | undefined;
}

function writeProperties({ dataDir, port, controllerPort, extra }: Layout): string {
  const broker = `PLAINTEXT://127.0.0.1:${port}`;
  const properties = kafkaProperties({
    listeners: `${broker},CONTROLLER://127.0.0.1:${controllerPort}`,
    advertised: broker,
    controller: `127.0.0.1:${controllerPort}`,
    logDir: join(dataDir, "log"),
    extra,
  });
  const file = join(dataDir, "server.properties");
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${String(value).replaceAll("\\", "\\\\")}\n`);
  writeFileSync(file, lines.join(""));
  return file;
}

interface Formatting {
  readonly java: string;
  readonly javaFlags: readonly string[];
  readonly dataDir: string;
  readonly propertiesFile: string;
  readonly watchdog: Watchdog;
}

async function format({ java, javaFlags, dataDir, propertiesFile, watchdog }: Formatting): Promise<void> {
  if (existsSync(join(dataDir, "log", "meta.properties"))) return;
  await runToEnd({
    command: java,
    args: [
      ...FORMATTER_FLAGS,
      ...javaFlags,
      ...["kafka.tools.StorageTool", "format", "-t", newClusterId(), "-c", propertiesFile],
    ],
    cwd: dataDir,
    env: process.env,
    user: undefined,
    timeoutMs: FORMAT_TIMEOUT_MS,
    watchdog,
  });
}

/** The form of Kafka's own: 16 random bytes. One that began with a dash would be read as an option. */
function newClusterId(): string {
  const id = randomBytes(16).toString("base64url");
  return id.startsWith("-") ? newClusterId() : id;
}
