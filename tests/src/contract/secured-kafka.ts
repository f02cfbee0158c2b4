import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "@siding/embedded/free-ports.js";
import { findKafka } from "@siding/embedded/kafka-distribution.js";
import { type RunningKafka, startKafka } from "@siding/embedded/start-kafka.js";

const run = promisify(execFile);

export const USER = "siding";
/** With what SASL and SCRAM have to quote. */
export const PASSWORD = "p=w,d 100%";
/** After so long the broker wants to see a password anew (KIP-368). */
export const SESSION_MS = 3_000;
const STORE_PASSWORD = "keystore";

export interface SecuredKafka {
  /** The listener that asks for TLS and a password. */
  readonly brokers: string;
  /** The one that asks for nothing, to look at what arrived. */
  readonly openBrokers: string;
  /** The certificate that signed the broker's. */
  readonly caFile: string;
  stop(): Promise<void>;
}

/** A broker with TLS and passwords; null where none can be started with files of its own (Docker). */
export async function startSecuredKafka(): Promise<SecuredKafka | null> {
  const found = await findKafka();
  if (found.kind !== "jars") return null;
  const dir = mkdtempSync(join(tmpdir(), "siding-secured-"));
  const caFile = join(dir, "ca.pem");
  const keystore = join(dir, "broker.p12");
  const keytool = found.java.includes("/") ? join(dirname(found.java), "keytool") : "keytool";
  const store = ["-keystore", keystore, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD, "-alias", "broker"];
  let kafka: RunningKafka | null = null;
  const stop = async (): Promise<void> => {
    await kafka?.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const name = ["-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost", "-validity", "2"];
    await run(keytool, ["-genkeypair", ...store, "-keyalg", "EC", "-groupname", "secp256r1", ...name]);
    await run(keytool, ["-exportcert", ...store, "-rfc", "-file", caFile]);
    const [port, secure, controller] = await freePorts(3);
    const listeners = `PLAINTEXT://127.0.0.1:${port},SECURE://127.0.0.1:${secure}`;
    const jaas = "org.apache.kafka.common.security";
    const quoted = `"${PASSWORD}"`;
    kafka = await startKafka({
      port: port!,
      properties: {
        listeners: `${listeners},CONTROLLER://127.0.0.1:${controller}`,
        "advertised.listeners": listeners,
        "controller.quorum.voters": `1@127.0.0.1:${controller}`,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
        "listener.name.secure.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.secure.plain.sasl.jaas.config": `${jaas}.plain.PlainLoginModule required user_${USER}=${quoted};`,
        "listener.name.secure.scram-sha-256.sasl.jaas.config": `${jaas}.scram.ScramLoginModule required;`,
        "listener.name.secure.scram-sha-512.sasl.jaas.config": `${jaas}.scram.ScramLoginModule required;`,
        "ssl.keystore.location": keystore,
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.keystore.type": "PKCS12",
        "listener.name.secure.plain.connections.max.reauth.ms": SESSION_MS,
      },
    });
    const credential = `[iterations=4096,password=${PASSWORD}]`;
    for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-512"]) {
      await run(found.java, [
        ...["-cp", `${found.jarsDir}/*`, "kafka.admin.ConfigCommand", "--bootstrap-server", kafka.brokers],
        ...["--alter", "--entity-type", "users", "--entity-name", USER],
        ...["--add-config", `${mechanism}=${credential}`],
      ]);
    }
    return { brokers: `127.0.0.1:${secure}`, openBrokers: kafka.brokers, caFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
