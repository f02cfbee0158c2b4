import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir } from "./cache-dir.js";
import { dockerAnswers } from "./docker-kafka.js";
import { fetchKafkaJars } from "./fetch-kafka-jars.js";
import { ServiceStartError } from "./service-start-error.js";

const run = promisify(execFile);

export const KAFKA_VERSION = "4.3.1";
const JAVA_VERSION_MIN = 17;

/** What this machine can run Kafka with. */
export type KafkaDistribution =
  | { readonly kind: "jars"; readonly java: string; readonly jarsDir: string }
  | { readonly kind: "fetchable"; readonly java: string; readonly jarsDir: string }
  | { readonly kind: "docker" }
  | { readonly kind: "missing"; readonly commands: readonly string[] };

export async function findKafka(): Promise<KafkaDistribution> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, "bin", "java") : "java";
  const jarsDir = join(cacheDir(), `kafka-${KAFKA_VERSION}`);
  const hasJava = await isRecentJava(java);
  if (hasJava && existsSync(jarsDir)) return { kind: "jars", java, jarsDir };
  const hasMaven = await succeeds("mvn", ["-v"]);
  if (hasJava && hasMaven) return { kind: "fetchable", java, jarsDir };
  if (await dockerAnswers()) return { kind: "docker" };
  return { kind: "missing", commands: [...(hasJava ? [] : ["java"]), ...(hasMaven ? [] : ["mvn"])] };
}

/**
 * Finds Kafka and fetches its jars where they are not here yet.
 * @throws ServiceStartError naming what to install
 */
export async function ensureKafka(): Promise<Exclude<KafkaDistribution, { kind: "missing" | "fetchable" }>> {
  const found = await findKafka();
  if (found.kind === "missing") {
    throw new ServiceStartError(
      `no Kafka can be started here (not found: ${found.commands.join(", ")}): install Java ${JAVA_VERSION_MIN} or later ` +
        "and Maven (Debian: apt-get install openjdk-17-jre-headless maven), or start Docker, or set KAFKA_BROKERS",
    );
  }
  if (found.kind !== "fetchable") return found;
  await fetchKafkaJars(KAFKA_VERSION, found.jarsDir);
  return { ...found, kind: "jars" };
}

async function isRecentJava(java: string): Promise<boolean> {
  try {
    const { stderr } = await run(java, ["-version"], { timeout: 10_000 });
    return Number(/version "(\d+)/.exec(stderr)?.[1]) >= JAVA_VERSION_MIN;
  } catch {
    return false;
  }
}

async function succeeds(command: string, args: string[]): Promise<boolean> {
  return run(command, args, { timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}
