import { createHash } from "node:crypto";
import type { AdminTokens } from "@siding/store-postgres/admin-tokens.js";
import type { Author } from "@siding/store-postgres/author.js";
import type { FastifyReply, FastifyRequest } from "fastify";
import { admit, type Caller, type RouteAccess } from "./access.js";
import { HttpProblem } from "./http-problem.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Every route declares it; one that does not cannot be registered. */
    access?: RouteAccess;
  }
  interface FastifyRequest {
    /** Null on public routes, and until the guard has let the request pass. */
    caller: Caller | null;
  }
}

type RateLimit = (
  request: FastifyRequest,
) => Promise<{ isAllowed: true } | { isAllowed: false; isExceeded: boolean; ttlInSeconds: number }>;

export interface GuardOptions {
  readonly tokens: AdminTokens;
  readonly rateLimit: RateLimit;
  /** Whether callers without a token come in for as long as none was ever made: on loopback alone. */
  readonly isOpenWithoutTokens: boolean;
  /** What a Host header may say while callers come in without a token. */
  readonly ownHosts: () => ReadonlySet<string>;
}

/** Whoever can reach loopback while no token exists could read the database's password as well. */
const LOCAL: Caller = { actor: "local", role: "admin", tenants: null, maySeePayload: true };

/** What every request passes before anything else looks at it: how often, who, what for. Nobody passes by default. */
export class Guard {
  readonly #options: GuardOptions;
  #areTokensMade = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** @throws HttpProblem 401, 403, 429 */
  async check(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    await this.#slowDown(request);
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (access === "public") return;
    if (access === undefined) throw new HttpProblem(403, "Nobody may do this.");
    const caller = await this.#identify(request);
    admit(caller, access);
    request.caller = caller;
  }

  async #slowDown(request: FastifyRequest): Promise<void> {
    const limit = await this.#options.rateLimit(request);
    if (limit.isAllowed || !limit.isExceeded) return;
    throw new HttpProblem(429, "Too many requests.", { "retry-after": String(Math.max(1, limit.ttlInSeconds)) });
  }

  async #identify(request: FastifyRequest): Promise<Caller> {
    const token = bearerOf(request);
    if (token === null && this.#options.isOpenWithoutTokens && !(await this.#areAnyMade())) {
      // Else a page in a browser on this machine could come in under a name that it has resolve to loopback.
      if (!this.#options.ownHosts().has(request.headers.host?.toLowerCase() ?? "")) {
        throw new HttpProblem(403, "Without a token the Host must be the address that this server listens on.");
      }
      return LOCAL;
    }
    const holder = token === null ? null : await this.#options.tokens.holderOf(token);
    if (holder === null) {
      throw new HttpProblem(401, "This takes a Bearer token that holds.", { "www-authenticate": "Bearer" });
    }
    return {
      actor: `token ${holder.prefix} (${holder.name})`,
      role: holder.role,
      tenants: holder.tenants,
      maySeePayload: holder.maySeePayload,
    };
  }

  /** Once one was made it stays so: revoking the last one opens no door. */
  async #areAnyMade(): Promise<boolean> {
    this.#areTokensMade ||= (await this.#options.tokens.inventory()).isMade;
    return this.#areTokensMade;
  }
}

/** The token that was sent; null where there is none. */
function bearerOf({ headers }: FastifyRequest): string | null {
  return (
    /^Bearer +(\S{1,200})$/i.exec(headers.authorization ?? "")?.[1] ?? (headers.authorization === undefined ? null : "")
  );
}

/**
 * What a rate counts by: the token as it was sent, else the address. Not a token's public name: whoever knows that alone
 * could use up its holder's rate.
 */
export function rateKeyOf(request: FastifyRequest): string {
  const token = bearerOf(request);
  return token === null ? request.ip : createHash("sha256").update(token).digest("base64");
}

/** @throws HttpProblem 403 on a public route, where nobody is known */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new HttpProblem(403, "Nobody may do this.");
  return request.caller;
}

/** Whoever calls, as the audit names them. @throws as {@link callerOf} */
export function authorOf(request: FastifyRequest, reason: string): Author {
  const { actor, role } = callerOf(request);
  return { actor, role, reason };
}
