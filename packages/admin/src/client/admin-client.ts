import { ERRORS, type ErrorCode, SidingError } from "@siding/core/errors.js";
import type { AuditPage, AuditQuery } from "../api/audit.js";
import type { Relays, Status } from "../api/deployment.js";
import type {
  DeadCauseQuery,
  DeadCauses,
  DeadLetterQuery,
  EventDetail,
  EventDetailQuery,
  EventDetailText,
  EventPage,
  EventQuery,
} from "../api/event.js";
import type {
  DeadLettersWanted,
  Job,
  JobCancelled,
  JobList,
  JobOffer,
  JobQuery,
  ReplayWanted,
  TenantReplayWanted,
} from "../api/job.js";
import { valueRanges } from "../api/json-text.js";
import { ERROR_TYPE_PREFIX, type Problem } from "../api/problem.js";
import type {
  Tenant,
  TenantList,
  TenantPatch,
  TenantPause,
  TenantQuery,
  TenantResumed,
  TenantResumption,
  TenantUsage,
} from "../api/tenant.js";
import type { Token, TokenMade, TokenPage, TokenQuery, TokenRevocation, TokenWanted } from "../api/token.js";

export interface AdminClientOptions {
  /** Where the admin API is: `https://siding.internal`, or with a path before its own. */
  readonly url: string;
  readonly token: string | undefined;
  readonly timeoutMs?: number;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const TIMEOUT_MS = 30_000;
/** Said of an answer that no admin API gives. */
const FOREIGN = "does not answer as an admin API does";

/**
 * The admin API, typed by the schemas that it is served with.
 * @throws SIDING_API_UNREACHABLE where nothing answers in time, or it says to come back; SIDING_API_REFUSED for a token
 * that does not hold or may not; the codes that the API names, as if it had been asked here
 */
export class AdminClient {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;

  constructor({ url, token, timeoutMs = TIMEOUT_MS }: AdminClientOptions) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  async events(query: Partial<EventQuery> = {}): Promise<EventPage> {
    return JSON.parse(await this.#get("admin/outbox", query));
  }

  /** @throws SIDING_EVENT_UNKNOWN */
  async event(eventId: string, query: EventDetailQuery = {}): Promise<EventDetailText> {
    const json = await this.#get(`admin/outbox/${encodeURIComponent(eventId)}`, query);
    const [place] = valueRanges(json, (path) => path.length === 1 && path[0] === "payload");
    if (place === undefined) throw this.#foreign();
    const { payload: _, ...document } = JSON.parse(json) as EventDetail;
    // Its place in the answer has moved every line but the first to the right.
    return { document, payload: json.slice(place.start, place.end).replaceAll("\n  ", "\n") };
  }

  async deadLetters(query: Partial<DeadLetterQuery> = {}): Promise<EventPage> {
    return JSON.parse(await this.#get("admin/dead-letters", query));
  }

  async deadCauses(query: Partial<DeadCauseQuery> = {}): Promise<DeadCauses> {
    return JSON.parse(await this.#get("admin/dead-letters/causes", query));
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.#get("admin/status"));
  }

  async relays(): Promise<Relays> {
    return JSON.parse(await this.#get("admin/relays"));
  }

  async audit(query: Partial<AuditQuery> = {}): Promise<AuditPage> {
    return JSON.parse(await this.#get("admin/audit", query));
  }

  async tokens(query: Partial<TokenQuery> = {}): Promise<TokenPage> {
    return JSON.parse(await this.#get("admin/tokens", query));
  }

  async createToken(wanted: TokenWanted): Promise<TokenMade> {
    return JSON.parse(await this.#send("POST", "admin/tokens", {}, wanted));
  }

  async revokeToken(prefix: string, revocation: TokenRevocation): Promise<Token> {
    return JSON.parse(await this.#send("POST", `admin/tokens/${encodeURIComponent(prefix)}/revoke`, {}, revocation));
  }

  /** Publishes events once more, by id; with dry_run counts and changes nothing. */
  async replay(wanted: ReplayWanted): Promise<JobOffer> {
    return JSON.parse(await this.#send("POST", "admin/outbox/replay", {}, wanted));
  }

  async replayTenant(wanted: TenantReplayWanted): Promise<JobOffer> {
    return JSON.parse(await this.#send("POST", "admin/outbox/replay/tenant", {}, wanted));
  }

  async redrive(wanted: DeadLettersWanted): Promise<JobOffer> {
    return JSON.parse(await this.#send("POST", "admin/dead-letters/redrive", {}, wanted));
  }

  async discard(wanted: DeadLettersWanted): Promise<JobOffer> {
    return JSON.parse(await this.#send("POST", "admin/dead-letters/discard", {}, wanted));
  }

  async jobs(query: Partial<JobQuery> = {}): Promise<JobList> {
    return JSON.parse(await this.#get("admin/jobs", query));
  }

  async job(jobId: string): Promise<Job> {
    return JSON.parse(await this.#get(`admin/jobs/${encodeURIComponent(jobId)}`));
  }

  async cancelJob(jobId: string, reason: string): Promise<JobCancelled> {
    return JSON.parse(await this.#send("DELETE", `admin/jobs/${encodeURIComponent(jobId)}`, { reason }));
  }

  async tenants(query: Partial<TenantQuery> = {}): Promise<TenantList> {
    return JSON.parse(await this.#get("admin/tenants", query));
  }

  async tenant(tenantId: string): Promise<Tenant> {
    return JSON.parse(await this.#get(tenantPath(tenantId)));
  }

  async tenantUsage(tenantId: string): Promise<TenantUsage> {
    return JSON.parse(await this.#get(`${tenantPath(tenantId)}/usage`));
  }

  async patchTenant(tenantId: string, patch: TenantPatch): Promise<Tenant> {
    return JSON.parse(await this.#send("PATCH", tenantPath(tenantId), {}, patch));
  }

  async pauseTenant(tenantId: string, pause: TenantPause): Promise<Tenant> {
    return JSON.parse(await this.#send("POST", `${tenantPath(tenantId)}/pause`, {}, pause));
  }

  async resumeTenant(tenantId: string, resumption: TenantResumption): Promise<TenantResumed> {
    return JSON.parse(await this.#send("POST", `${tenantPath(tenantId)}/resume`, {}, resumption));
  }

  #get(path: string, query: Query = {}): Promise<string> {
    return this.#send("GET", path, query);
  }

  /** The answer's JSON. */
  async #send(method: string, path: string, query: Query, body?: object): Promise<string> {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    let status: number;
    let type: string;
    let text: string;
    try {
      const response = await fetch(url, {
        method,
        headers: {
          accept: "application/json, application/problem+json",
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The token is for this server and for no other one that it may point to.
        redirect: "error",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      status = response.status;
      type = response.headers.get("content-type") ?? "";
      text = await response.text();
    } catch (cause) {
      throw new SidingError("SIDING_API_UNREACHABLE", `the admin API at ${this.#base.origin}: ${causeOf(cause)}`, {
        cause,
      });
    }
    if (!isJson(type, text)) throw this.#foreign();
    if (status >= 200 && status < 300) return text;
    throw this.#refusal(status, JSON.parse(text) as Problem);
  }

  #refusal(status: number, { type, title, detail, errors }: Problem): SidingError {
    const invalid = errors?.map(({ where, message }) => `${where} ${message}`).join("; ");
    const said = `the admin API at ${this.#base.origin}: ${invalid ?? detail ?? title}`;
    const code = String(type).startsWith(ERROR_TYPE_PREFIX) ? type.slice(ERROR_TYPE_PREFIX.length) : "";
    // Words of an event or a job: they are the same wherever it was looked for.
    if (code === "SIDING_EVENT_UNKNOWN" || code === "SIDING_JOB_UNKNOWN") return new SidingError(code, detail ?? title);
    if (status === 429 || status >= 500) return new SidingError("SIDING_API_UNREACHABLE", said);
    if (status === 401 || status === 403) return new SidingError("SIDING_API_REFUSED", said);
    return new SidingError(isErrorCode(code) ? code : "SIDING_USAGE", said);
  }

  #foreign(): SidingError {
    return new SidingError("SIDING_API_REFUSED", `${this.#base.origin} ${FOREIGN}`);
  }
}

/** @throws SIDING_USAGE for a name that no path can carry */
function tenantPath(tenantId: string): string {
  // A URL drops these as steps to elsewhere, percent-encoded or not: what is sent would be asked of another route.
  if (tenantId === "." || tenantId === "..") {
    const mend = "no URL can name it: ask the database itself, with DATABASE_URL and without an admin API";
    throw new SidingError("SIDING_USAGE", `tenant ${JSON.stringify(tenantId)}: ${mend}`);
  }
  return `admin/tenants/${encodeURIComponent(tenantId)}`;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function isJson(type: string, text: string): boolean {
  if (!/^application\/(problem\+)?json\b/.test(type)) return false;
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** fetch says only that it failed; its cause says why. */
function causeOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  const cause = error instanceof Error ? error.cause : undefined;
  const { code, message } = Object(cause ?? error) as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
