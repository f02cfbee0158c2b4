import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeJavaTrustStore } from "./java-trust-store.js";
import { ServiceStartError } from "./service-start-error.js";

const run = promisify(execFile);

const MAVEN_TIMEOUT_MS = 600_000;
const DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const QUOTED_CHARACTERS_MAX = 300;

/** Fetched under another name first, so that jars seen by anyone are complete. */
export async function fetchKafkaJars(version: string, jarsDir: string): Promise<void> {
  await mkdir(dirname(jarsDir), { recursive: true });
  const partial = await mkdtemp(`${jarsDir}.`);
  try {
    await mkdir(join(partial, "jars"));
    await writeFile(join(partial, "pom.xml"), pom(version));
    await copyDependencies(partial);
    await rename(join(partial, "jars"), jarsDir);
  } catch (cause) {
    if (existsSync(jarsDir)) return; // another process was first
    throw new ServiceStartError(
      `Maven could not fetch Kafka ${version} (${firstError(cause)}): check that Maven reaches its repository, or set KAFKA_BROKERS`,
      { cause },
    );
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function copyDependencies(dir: string): Promise<void> {
  const args = ["-q", "-B", "-Dstyle.color=never", "-f", join(dir, "pom.xml"), DEPENDENCY_PLUGIN];
  const maven = (env: NodeJS.ProcessEnv) =>
    run("mvn", [...args, "-DincludeScope=runtime", `-DoutputDirectory=${join(dir, "jars")}`], {
      cwd: dir,
      env,
      timeout: MAVEN_TIMEOUT_MS,
      maxBuffer: 16 * 1024 * 1024,
    });
  try {
    await maven(process.env);
  } catch (error) {
    if (!(error as { stdout?: string }).stdout?.includes("PKIX path building failed")) throw error;
    writeJavaTrustStore(join(dir, "trust.jks"));
    // A relative path: Maven splits its options at every space, and the directory's name may hold one.
    const flags = "-Djavax.net.ssl.trustStore=trust.jks -Djavax.net.ssl.trustStoreType=JKS";
    // -U: a failure to fetch is remembered, and not tried again for a day.
    args.unshift("-U");
    await maven({ ...process.env, MAVEN_OPTS: `${process.env.MAVEN_OPTS ?? ""} ${flags}` });
  }
}

function firstError(cause: unknown): string {
  const { stdout, message } = cause as { stdout?: string; message: string };
  const line = stdout?.split("\n").find((line) => line.startsWith("[ERROR]")) ?? message;
  return line.replace("[ERROR] ", "").trim().slice(0, QUOTED_CHARACTERS_MAX);
}

function pom(version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>siding</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <!-- Without a logger behind its logging interface Kafka says nothing at all, not even why it does not start. -->
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;
}
