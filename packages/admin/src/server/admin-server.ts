import { randomUUID } from "node:crypto";
import rateLimit from "@fastify/rate-limit";
import type { PolicyFields } from "@siding/core/policy/policy.js";
import { AdminPool } from "@siding/store-postgres/admin-pool.js";
import { AdminTokens } from "@siding/store-postgres/admin-tokens.js";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { Type } from "typebox";
import { PROBLEM_MEDIA_TYPE } from "../api/problem.js";
import { only } from "../api/text.js";
import type { AdminRoutes } from "./admin-routes.js";
import { AllowedMethods } from "./allowed-methods.js";
import { answerBrokenRequest } from "./broken-request.js";
import { Guard, rateKeyOf } from "./guard.js";
import { HttpProblem, problemOf } from "./http-problem.js";
import { describeRoutes } from "./openapi.js";
import type { Redaction } from "./redaction.js";
import { auditRoutes } from "./routes/audit.js";
import { deploymentRoutes } from "./routes/deployment.js";
import { jobRoutes } from "./routes/jobs.js";
import { eventRoutes } from "./routes/outbox.js";
import { tenantRoutes } from "./routes/tenants.js";
import { tokenRoutes } from "./routes/tokens.js";
import { validatorCompiler } from "./validators.js";

/** Told of every answer. Nothing that a sender chose is in it but the token's name. */
export interface AdminServerObserver {
  answered(answer: {
    readonly requestId: string;
    readonly method: string;
    /** The route's pattern; null where there is none. */
    readonly route: string | null;
    readonly status: number;
    readonly ms: number;
    readonly actor: string | null;
  }): void;
  /** A request that failed through no fault of its sender. */
  failed(requestId: string, error: unknown): void;
}

export interface AdminServerOptions {
  readonly databaseUrl: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Whether only this machine can reach the host: then, and only then, nobody needs a token until one is made. */
  readonly isLoopback: boolean;
  readonly version: string;
  readonly redactions: readonly Redaction[];
  readonly requestsPerMinute: number;
  /** What holds for a tenant where no policy says anything: as the relays have it. */
  readonly tenantDefaults: PolicyFields;
  readonly observer: AdminServerObserver;
}

export interface AdminServer {
  readonly host: string;
  readonly port: number;
  /** Whether callers come in without a token for now. */
  readonly isOpen: boolean;
  /** Ends once the requests under way are answered. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 4;
/** Beyond those that work; a request that finds them all waiting is told to come back. */
const WAITING_MAX = 28;
const STATEMENT_TIMEOUT_MS = 5_000;
const WAIT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const HANDLER_TIMEOUT_MS = 20_000;
const IDLE_CONNECTION_TIMEOUT_MS = 75_000;
const BODY_BYTES_MAX = 64 * 1_024;
/** A tenant's name of 255 characters, each of four bytes and each byte as %XX. */
const PATH_PARAMETER_MAX = 255 * 4 * 3;
const RATE_KEYS_MAX = 10_000;

/**
 * Serves the admin API until it is closed.
 * @throws "no-token" where others than this machine could reach it and no token holds; what listening throws; SIDING_STORE_*
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const pool = new AdminPool({
    databaseUrl: options.databaseUrl,
    connectionsMax: CONNECTIONS_MAX,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    waitMs: WAIT_MS,
  });
  try {
    const tokens = new AdminTokens(pool);
    const { isMade, isUsable } = await tokens.inventory();
    if (!options.isLoopback && !isUsable) throw new NoTokenError();
    const { server } = await adminServer(options, pool, tokens);
    await server.listen({ host: options.host, port: options.port });
    const bound = server.server.address();
    const port = bound === null || typeof bound === "string" ? options.port : bound.port;
    return {
      host: options.host,
      port,
      isOpen: options.isLoopback && !isMade,
      close: async () => {
        await server.close();
        await pool.close();
      },
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Others than this machine could reach the server, and nobody holds a token. */
export class NoTokenError extends Error {
  override readonly name = "NoTokenError";
}

export interface RegisteredRoute {
  readonly method: string;
  readonly url: string;
}

/** The server, not listening yet, and every route of it. */
export async function adminServer(
  {
    version,
    redactions,
    observer,
    isLoopback,
    host,
    requestsPerMinute,
    tenantDefaults,
  }: Omit<AdminServerOptions, "databaseUrl" | "port">,
  pool: AdminPool,
  tokens: AdminTokens,
): Promise<{ readonly server: AdminRoutes; readonly routes: readonly RegisteredRoute[] }> {
  const allowed = new AllowedMethods();
  const routes: RegisteredRoute[] = [];
  const server: AdminRoutes = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_CONNECTION_TIMEOUT_MS,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    // A dashboard's kept-alive connection must not hold up a server that was told to stop.
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: PATH_PARAMETER_MAX },
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => fail(error, request, reply as unknown as FastifyReply),
    clientErrorHandler: answerBrokenRequest,
  });
  server.setValidatorCompiler(validatorCompiler());
  // Only JSON is read; whatever else is sent is answered with 415.
  server.removeContentTypeParser("text/plain");
  server.decorateRequest("caller", null);

  await server.register(rateLimit, { global: false });
  const guard = new Guard({
    tokens,
    rateLimit: server.createRateLimit({
      max: requestsPerMinute,
      timeWindow: "1 minute",
      keyGenerator: rateKeyOf,
      cache: RATE_KEYS_MAX,
    } as never),
    isOpenWithoutTokens: isLoopback,
    ownHosts: () => ownHosts(server, host),
  });
  let underWay = 0;
  server.addHook("onRequest", async (request, reply) => {
    underWay += 1;
    reply.raw.once("close", () => {
      underWay -= 1;
    });
    if (underWay > CONNECTIONS_MAX + WAITING_MAX) {
      throw new HttpProblem(503, "Too many requests are under way.", { "retry-after": "1" });
    }
    await guard.check(request, reply);
  });
  server.addHook("onResponse", async (request, reply) => {
    observer.answered({
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      actor: request.caller?.actor ?? null,
    });
  });
  server.addHook("onRoute", ({ url, method }) => {
    const methods = [method].flat();
    allowed.add(url, methods);
    routes.push(...methods.map((each) => ({ method: each, url })));
  });
  server.setErrorHandler(fail);
  server.setNotFoundHandler((request) => {
    throw nothingThere(request);
  });

  await describeRoutes(server, version);
  server.get(
    "/healthz",
    {
      config: { access: "public" },
      schema: {
        tags: ["meta"],
        summary: "Whether it runs",
        response: { 200: only({ status: Type.Literal("alive") }) },
      },
    },
    async () => ({ status: "alive" as const }),
  );
  eventRoutes(server, { pool, redactions });
  jobRoutes(server, { pool });
  tenantRoutes(server, { pool, defaults: tenantDefaults });
  deploymentRoutes(server, { pool });
  auditRoutes(server, { pool });
  tokenRoutes(server, { tokens });
  await server.ready();
  return { server, routes };

  function nothingThere({ url, method }: FastifyRequest): HttpProblem {
    const methods = allowed.of(url.split("?", 1)[0]!);
    // A path that knows the method and was not found is one that could not be read.
    if (methods.includes(method)) return new HttpProblem(400, "The path has a percent sign that begins no character.");
    if (methods.length === 0) return new HttpProblem(404, "There is nothing here; /openapi.json says what there is.");
    return new HttpProblem(405, `This path knows ${methods.join(", ")}.`, { allow: methods.join(", ") });
  }

  function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    // A body that cannot be read is no news where there is nobody to read it.
    const cause = request.is404 && !(error instanceof HttpProblem) ? nothingThere(request) : error;
    const { status, headers, body } = problemOf(cause, request.id);
    if (status >= 500) observer.failed(request.id, cause);
    void reply.code(status).headers(headers).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(body));
  }
}

function ownHosts(server: AdminRoutes, host: string): ReadonlySet<string> {
  const bound = server.server.address();
  const port = bound === null || typeof bound === "string" ? 80 : bound.port;
  const names = ["localhost", "127.0.0.1", "[::1]", host.includes(":") ? `[${host}]` : host.toLowerCase()];
  return new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
}
