import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { freePorts } from "./free-ports.js";
import { kafkaAnswers } from "./kafka-answers.js";
import { kafkaProperties } from "./kafka-properties.js";
import { ServiceStartError } from "./service-start-error.js";
import type { KafkaOptions, RunningKafka } from "./start-kafka.js";
import { guardContainer } from "./watchdog.js";

const run = promisify(execFile);

export const KAFKA_IMAGE = "apache/kafka:4.3.1";
const PULL_TIMEOUT_MS = 600_000;
const COMMAND_TIMEOUT_MS = 60_000;
const POLL_MS = 200;

export function dockerAnswers(): Promise<boolean> {
  return run("docker", ["info"], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** Does nothing where the image is here already. */
export async function pullKafkaImage(): Promise<void> {
  if ((await docker(["image", "ls", "--quiet", KAFKA_IMAGE], COMMAND_TIMEOUT_MS)) !== "") return;
  await docker(["pull", "--quiet", KAFKA_IMAGE], PULL_TIMEOUT_MS);
}

/** The broker image on a Docker engine, for a machine without Java. Its data lives and dies with the container. */
export async function startDockerKafka(options: KafkaOptions): Promise<RunningKafka> {
  if (options.dataDir) {
    throw new ServiceStartError(
      "Kafka in Docker keeps no data directory: leave dataDir out, or install Java and Maven",
    );
  }
  const name = `siding-kafka-${randomBytes(6).toString("hex")}`;
  const port = options.port ?? (await freePorts(1))[0]!;
  const watchdog = guardContainer();
  watchdog.watch(name);

  let pid = 0;
  const becomesReady = async () => {
    const deadline = AbortSignal.timeout(options.startTimeoutMs ?? 90_000);
    while (!(await kafkaAnswers(port))) {
      if (deadline.aborted) throw new ServiceStartError(`Kafka in Docker did not answer: see docker logs ${name}`);
      await delay(POLL_MS);
    }
    pid = Number(await docker(["inspect", "--format", "{{.State.Pid}}", name], COMMAND_TIMEOUT_MS));
  };
  try {
    const publish = ["--publish", `127.0.0.1:${port}:${port}`];
    await docker(
      ["run", "--detach", "--name", name, ...publish, ...environment(port, options), KAFKA_IMAGE],
      PULL_TIMEOUT_MS,
    );
    await becomesReady();
  } catch (error) {
    await watchdog.release();
    throw error;
  }

  let stopped: Promise<void> | undefined;
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    dataDir: `container ${name}`,
    get pid() {
      return pid;
    },
    kill: (signal) => void docker(["kill", "--signal", signal, name], COMMAND_TIMEOUT_MS).catch(() => {}),
    restart: async (mode = "fast") => {
      await docker(mode === "fast" ? ["stop", name] : ["kill", name], COMMAND_TIMEOUT_MS).catch(() => {}); // not running
      await docker(["start", name], COMMAND_TIMEOUT_MS);
      await becomesReady();
    },
    stop: () => {
      stopped ??= watchdog.release();
      return stopped;
    },
  };
}

/** The image takes a property `a.b-c_d` as the variable `KAFKA_A_B___C__D`. */
function environment(port: number, options: KafkaOptions): string[] {
  const properties = kafkaProperties({
    listeners: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:9093`,
    advertised: `PLAINTEXT://127.0.0.1:${port}`,
    controller: "127.0.0.1:9093",
    logDir: "/tmp/kafka-logs",
    extra: options.properties,
  });
  const variables = Object.entries(properties).map(([key, value]) => {
    const name = key.replaceAll("_", "__").replaceAll("-", "___").replaceAll(".", "_").toUpperCase();
    return `KAFKA_${name}=${value}`;
  });
  variables.push(`KAFKA_HEAP_OPTS=-Xmx${options.heapMegabytes ?? 512}m`);
  return variables.flatMap((variable) => ["--env", variable]);
}

async function docker(args: string[], timeout: number): Promise<string> {
  try {
    return (await run("docker", args, { timeout })).stdout.trim();
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new ServiceStartError(`docker ${args[0]} failed (${said || (cause as Error).message})`, { cause });
  }
}
