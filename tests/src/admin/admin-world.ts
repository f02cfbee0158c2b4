import {
  type AdminServer,
  type AdminServerObserver,
  adminServer,
  type RegisteredRoute,
  startAdminServer,
} from "@siding/admin/server/admin-server.js";
import type { Redaction } from "@siding/admin/server/redaction.js";
import { defaultFields } from "@siding/core/policy/settle-policy.js";
import { AdminPool } from "@siding/store-postgres/admin-pool.js";
import { AdminTokens, type TokenWanted } from "@siding/store-postgres/admin-tokens.js";
import { createTestDatabase, type TestDatabase } from "../test-database.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly body: any;
}

export interface Ask {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A database of its own, and the server over it, asked without a socket between. */
export interface AdminWorld {
  readonly database: TestDatabase;
  readonly tokens: AdminTokens;
  readonly routes: readonly RegisteredRoute[];
  readonly log: string[];
  /** Makes a token and answers its text. */
  token(wanted?: Partial<TokenWanted>): Promise<string>;
  ask(path: string, ask?: Ask): Promise<Answer>;
  end(): Promise<void>;
}

export interface AdminWorldOptions {
  readonly isLoopback?: boolean;
  readonly redactions?: readonly Redaction[];
  readonly requestsPerMinute?: number;
  readonly statementTimeoutMs?: number;
}

export async function adminWorld(serverUrl: string, options: AdminWorldOptions = {}): Promise<AdminWorld> {
  const database = await createTestDatabase(serverUrl);
  const pool = new AdminPool({
    databaseUrl: database.url,
    connectionsMax: 4,
    statementTimeoutMs: options.statementTimeoutMs ?? 5_000,
    waitMs: 5_000,
  });
  const tokens = new AdminTokens(pool);
  const log: string[] = [];
  const observer: AdminServerObserver = {
    answered: (answer) => log.push(JSON.stringify(answer)),
    failed: (requestId, error) => log.push(`${requestId} ${error}`),
  };
  const { server, routes } = await adminServer(
    {
      host: "127.0.0.1",
      isLoopback: options.isLoopback ?? false,
      version: "1.2.3",
      redactions: options.redactions ?? [],
      requestsPerMinute: options.requestsPerMinute ?? 1_000_000,
      tenantDefaults: defaultFields({ amount: 1000, windowMs: 60_000, burst: null }),
      observer,
    },
    pool,
    tokens,
  );
  const wantedByDefault = {
    name: "test",
    role: "viewer",
    tenants: null,
    maySeePayload: false,
    expiresAt: null,
  } as const;
  return {
    database,
    tokens,
    routes,
    log,
    token: async (wanted = {}) => {
      const author = { actor: "test", role: "admin", reason: "a test wants it" } as const;
      return (await tokens.create({ ...wantedByDefault, ...wanted }, author)).token;
    },
    ask: async (path, { method = "GET", token, headers = {}, body } = {}) => {
      const {
        statusCode,
        headers: answered,
        payload,
      } = await server.inject({
        method: method as "GET",
        url: path,
        headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const isJson = String(answered["content-type"]).includes("json") && payload !== "";
      return { status: statusCode, headers: answered, text: payload, body: isJson ? JSON.parse(payload) : null };
    },
    end: async () => {
      await server.close();
      await pool.close();
      await database.drop();
    },
  };
}

/** A server over the same database behind a socket, as a client or a connection that breaks needs it. */
export function listeningServer({ url: databaseUrl }: TestDatabase): Promise<AdminServer> {
  return startAdminServer({
    databaseUrl,
    host: "127.0.0.1",
    port: 0,
    isLoopback: true,
    version: "1.2.3",
    redactions: [],
    requestsPerMinute: 1_000,
    tenantDefaults: defaultFields("none"),
    observer: { answered: () => {}, failed: () => {} },
  });
}
