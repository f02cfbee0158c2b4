import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir } from "./cache-dir.js";
import { dockerAnswers } from "./docker-kafka.js";
import { ServiceStartError } from "./service-start-error.js";

const run = promisify(execFile);

export const KAFKA_VERSION = "4.3.1";
const JAVA_VERSION_MIN = 17;
const MAVEN_TIMEOUT_MS = 600_000;
const DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>siding</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <!-- Without a logger behind its logging interface Kafka says nothing at all, not even why it does not start. -->
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

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
  await fetchJars(found.jarsDir);
  return { ...found, kind: "jars" };
}

/** Fetched under another name first, so that jars seen by anyone are complete. */
async function fetchJars(jarsDir: string): Promise<void> {
  await mkdir(cacheDir(), { recursive: true });
  const partial = await mkdtemp(`${jarsDir}.`);
  try {
    const pom = join(partial, "pom.xml");
    await writeFile(pom, POM);
    await run(
      "mvn",
      ["-q", "-B", "-f", pom, DEPENDENCY_PLUGIN, "-DincludeScope=runtime", `-DoutputDirectory=${partial}`],
      { timeout: MAVEN_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 },
    );
    await rename(partial, jarsDir);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    if (existsSync(jarsDir)) return; // another process was first
    const said = (cause as { stdout?: string }).stdout?.split("\n").find((line) => line.includes("ERROR"));
    throw new ServiceStartError(
      `Maven could not fetch Kafka ${KAFKA_VERSION} (${said?.trim() ?? (cause as Error).message}): ` +
        "check that Maven reaches its repository, or set KAFKA_BROKERS",
      { cause },
    );
  }
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
