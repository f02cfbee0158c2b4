import { freePorts } from "@siding/embedded/free-ports.js";
import { findKafka } from "@siding/embedded/kafka-distribution.js";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";

export interface ProxiedBroker {
  readonly kafka: RunningKafka;
  /** One a relay: where its proxy has to listen, and where the broker does. */
  readonly doors: readonly { readonly port: number; readonly targetPort: number }[];
}

/**
 * A broker with a listener for each relay. A client goes to the address that the broker advertises, whatever it was told
 * at first; so that it stays behind its proxy, its listener advertises the proxy's port.
 */
export async function startBroker(relays: number): Promise<ProxiedBroker> {
  if ((await findKafka()).kind === "docker") {
    throw new Error("the torture reaches into the broker's process: it needs Java and Maven rather than Docker");
  }
  // Compiled quickly rather than well: the broker is restarted all the time.
  process.env.JDK_JAVA_OPTIONS ??= "-XX:TieredStopAtLevel=1";
  const [port, controllerPort, ...rest] = await freePorts(2 + 2 * relays);
  const doors = Array.from({ length: relays }, (_, i) => ({ port: rest[2 * i]!, targetPort: rest[2 * i + 1]! }));
  const names = ["PLAINTEXT", ...doors.map((_, i) => `RELAY${i}`)];
  const at = (ports: number[]): string => ports.map((each, i) => `${names[i]}://127.0.0.1:${each}`).join(",");
  const kafka = await startKafka({
    port: port!,
    properties: {
      listeners: `${at([port!, ...doors.map((door) => door.targetPort)])},CONTROLLER://127.0.0.1:${controllerPort}`,
      "advertised.listeners": at([port!, ...doors.map((door) => door.port)]),
      "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
      "listener.security.protocol.map": [...names, "CONTROLLER"].map((name) => `${name}:PLAINTEXT`).join(","),
      // A broker that died without a word is taken for alive until its session ends, 9 s by default.
      "broker.session.timeout.ms": 1_000,
      "broker.heartbeat.interval.ms": 200,
    },
  });
  return { kafka, doors };
}
