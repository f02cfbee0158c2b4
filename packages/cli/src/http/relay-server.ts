import { createHash, timingSafeEqual } from "node:crypto";
import { SidingError } from "@siding/core/errors.js";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Registry } from "prom-client";
import { formatListenAddress, type ListenAddress } from "../config/listen-address.js";
import { listenerProblem } from "../config/listener-problem.js";
import { listenFailure } from "./listen-failure.js";

export interface ShardReadiness {
  readonly shard: number;
  readonly state: string;
  /** Why it is not ready. Served without a token: nothing secret belongs in it. */
  readonly detail?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly shards: readonly ShardReadiness[];
}

/** What the relay tells its probes. Called for each request, so it answers from memory. */
export interface RelayHealth {
  ready(): Readiness;
}

export interface RelayServerOptions {
  readonly address: ListenAddress;
  /** Bearer token for everything but the probes; required beyond loopback. */
  readonly token: string | undefined;
  readonly health: RelayHealth;
  readonly registry: Registry;
}

export interface RelayServer {
  /** Where it listens; the port is the one the system chose where 0 was asked for. */
  readonly address: ListenAddress;
  /** Stops listening and cuts connections that are still open. */
  close(): Promise<void>;
}

// What a kubelet may read without a token: it has none to send.
const PROBES: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_CONNECTION_TIMEOUT_MS = 75_000;
const BODY_BYTES_MAX = 1_024;

/**
 * Serves `/healthz`, `/readyz` and `/metrics` until it is closed.
 * @throws SIDING_CONFIG_INVALID naming SIDING_HTTP when it may not or cannot listen there
 */
export async function startRelayServer(options: RelayServerOptions): Promise<RelayServer> {
  const { address, token } = options;
  // Checked here as well as in the configuration: whoever builds these options otherwise must not open the metrics.
  const why = listenerProblem(address, token);
  if (why !== undefined) throw refused(address, why);
  const server = relayServer(options);
  try {
    await server.listen({ host: address.host, port: address.port });
  } catch (cause) {
    await server.close();
    throw refused(address, listenFailure(cause), cause);
  }
  const bound = server.server.address();
  return {
    address: bound === null || typeof bound === "string" ? address : { host: bound.address, port: bound.port },
    close: () => server.close(),
  };
}

function relayServer({ token, health, registry }: RelayServerOptions): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_CONNECTION_TIMEOUT_MS,
    // A scraper's kept-alive connection must not hold up a relay that was told to stop.
    forceCloseConnections: true,
  });
  server.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store");
    if (token === undefined || PROBES.has(request.routeOptions.url ?? "")) return;
    if (hasToken(request.headers.authorization, token)) return;
    return problem(reply.header("www-authenticate", "Bearer"), 401, "A Bearer token is needed here");
  });
  server.setNotFoundHandler((_request, reply) => problem(reply, 404, "There is nothing here"));
  // What went wrong is the log's to tell, not the caller's to read.
  server.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    return problem(reply, status, status < 500 ? "The request is not valid" : "The relay could not answer");
  });

  server.get("/healthz", () => ({ status: "alive" }));
  server.get("/readyz", (_request, reply) => {
    const readiness = health.ready();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get("/metrics", async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return server;
}

// Compared as digests, which have one length, so that the time tells nothing about the token.
function hasToken(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function problem(reply: FastifyReply, status: number, title: string): FastifyReply {
  return reply.code(status).type("application/problem+json").send(JSON.stringify({ status, title }));
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : Number.NaN;
  return status >= 400 && status < 600 ? status : 500;
}

function refused(address: ListenAddress, why: string, cause?: unknown): SidingError {
  const message = `SIDING_HTTP is "${formatListenAddress(address)}": ${why}`;
  return new SidingError("SIDING_CONFIG_INVALID", message, cause === undefined ? {} : { cause });
}
