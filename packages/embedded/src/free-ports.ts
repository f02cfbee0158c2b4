import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { ServiceStartError } from "./service-start-error.js";

// Below every system's range for outgoing connections. A port from inside it could be handed to a client's own
// connection while the service is down, even to one that tries to reach the service (it then connects to itself),
// and the service could not come back on its port.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const TRIES_MAX = 200;

/** Different ports on which nothing listens on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) found.add(port);
    if (found.size === count) return [...found];
  }
  throw new ServiceStartError(
    `no free port between ${FIRST_PORT} and ${LAST_PORT} on 127.0.0.1: end what listens there`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
