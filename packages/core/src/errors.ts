/** Whether the same call can succeed later without anybody changing anything. */
export type Retry = "never" | "backoff";

/** 1 the check failed · 2 usage or configuration · 3 a dependency cannot be reached · 4 halted for safety. */
export type ErrorExit = 1 | 2 | 3 | 4;

interface ErrorDefinition {
  readonly retry: Retry;
  readonly exit: ErrorExit;
  readonly mend: string;
}

/** Every way Siding fails. Codes are public: they are added, and never renamed or given a second meaning. */
export const ERRORS = {
  SIDING_CONFIG_INVALID: {
    retry: "never",
    exit: 2,
    mend: "Correct it; `siding config` then shows every value and where it came from.",
  },
  SIDING_USAGE: {
    retry: "never",
    exit: 2,
    mend: "`siding --help` lists the commands, `siding COMMAND --help` the flags of one.",
  },
  SIDING_STORE_UNREACHABLE: {
    retry: "backoff",
    exit: 3,
    mend: "Check that Postgres runs and that the host and port in DATABASE_URL are reachable from here.",
  },
  SIDING_STORE_AUTH: {
    retry: "never",
    exit: 3,
    mend: "Check the user, password and database in DATABASE_URL, and pg_hba.conf on the server.",
  },
  SIDING_STORE_STANDBY: {
    retry: "never",
    exit: 3,
    mend: "Point DATABASE_URL at the primary: what a standby shows may be undone by a failover.",
  },
  SIDING_STORE_PRIVILEGE: {
    retry: "never",
    exit: 3,
    mend: "As the database's owner, GRANT the role or right that is named here to the user in DATABASE_URL.",
  },
  SIDING_SCHEMA_MISSING: {
    retry: "never",
    exit: 2,
    mend: "Run `siding migrate` against this database.",
  },
  SIDING_SCHEMA_TOO_NEW: {
    retry: "never",
    exit: 2,
    mend: "Upgrade siding to the release that migrated this database, or newer.",
  },
  SIDING_SCHEMA_OUTDATED: {
    retry: "never",
    exit: 2,
    mend: "Run `siding migrate` to bring the schema up to this release.",
  },
  SIDING_MIGRATION_BLOCKED: {
    retry: "never",
    exit: 1,
    mend: "Stop every relay on this database, run `siding migrate` again, then start relays of the new release.",
  },
  SIDING_MIGRATION_FAILED: {
    retry: "never",
    exit: 1,
    mend: "Mend the cause named here and run `siding migrate` again: it goes on from the last finished step.",
  },
  SIDING_BROKER_UNREACHABLE: {
    retry: "backoff",
    exit: 3,
    mend: "Check that Kafka runs, and that KAFKA_BROKERS and its advertised.listeners are reachable from here.",
  },
  SIDING_BROKER_AUTH: {
    retry: "never",
    exit: 3,
    mend: "Check SIDING_KAFKA__SECURITY_PROTOCOL, the SASL or TLS settings, and the ACLs of this principal.",
  },
  SIDING_BROKER_UNSUPPORTED: {
    retry: "never",
    exit: 3,
    mend: "Use a broker with transactions, or choose SIDING_DELIVERY=at-least-once.",
  },
  SIDING_TOPIC_UNAVAILABLE: {
    retry: "never",
    exit: 3,
    mend: "Create the topic, or grant this principal WRITE on it: its events wait, in order, and go on by themselves.",
  },
  SIDING_FENCED: {
    retry: "backoff",
    exit: 1,
    mend: "Another relay took the shard over; this one leases it again when the other lets go.",
  },
  SIDING_IDENTITY_CHANGED: {
    retry: "never",
    exit: 4,
    mend: "Correct DATABASE_URL or KAFKA_BROKERS if they are wrong; if not, `siding recover --all` shows the choices.",
  },
  SIDING_PROGRESS_UNKNOWN: {
    retry: "never",
    exit: 4,
    mend: "Without --verdict, siding recover shows what each would do, with counts, and changes nothing.",
  },
  SIDING_PROGRESS_LOST: {
    retry: "never",
    exit: 4,
    mend: "Without --verdict, siding recover shows what each would do, with counts, and changes nothing.",
  },
  SIDING_VERDICT_REFUSED: {
    retry: "never",
    exit: 2,
    mend: "Without --verdict, siding recover shows which verdicts there are, and what each would do.",
  },
  SIDING_SCAN_INCOMPLETE: {
    retry: "never",
    exit: 1,
    mend: "Give a later --since, or one of the verdicts that do not look into Kafka; nothing was decided.",
  },
  SIDING_SHARD_HALTED: {
    retry: "never",
    exit: 4,
    mend: "Its events wait, in order, until `siding recover` has settled it; the other shards go on.",
  },
  SIDING_EVENT_UNKNOWN: {
    retry: "never",
    exit: 1,
    mend: "`siding events list` finds events by tenant, topic, key and dedupe key; retention deletes published ones.",
  },
  SIDING_REPLAY_OFF: {
    retry: "never",
    exit: 1,
    mend: "Change that policy, or replay other tenants.",
  },
  SIDING_JOB_UNKNOWN: {
    retry: "never",
    exit: 1,
    mend: "`siding jobs list` shows which there are.",
  },
  SIDING_QUERY_TOO_WIDE: {
    retry: "never",
    exit: 2,
    mend: "Narrow what is asked for: a tenant, a topic, or a time since when.",
  },
  SIDING_API_UNREACHABLE: {
    retry: "backoff",
    exit: 3,
    mend: "Check that `siding admin` runs, and that SIDING_ADMIN_URL leads there; what it is busy with is in its log.",
  },
  SIDING_API_REFUSED: {
    retry: "never",
    exit: 3,
    mend: "Check SIDING_ADMIN_URL and SIDING_ADMIN_TOKEN: `siding tokens list` shows which tokens hold, and for what.",
  },
  SIDING_DEPENDENCY_MISSING: {
    retry: "never",
    exit: 3,
    mend: "Install what is named here and run the command again.",
  },
  SIDING_INTERNAL: {
    retry: "never",
    exit: 1,
    mend: "This is a fault in Siding: please report it, with the stack that SIDING_LOG_LEVEL=debug prints.",
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The one error class. The code alone decides whether to retry and how the process exits; callers never decide again.
 *
 * ```ts
 * throw new SidingError("SIDING_STORE_UNREACHABLE", "no answer from db:5432 in 5000 ms", { cause });
 * ```
 */
export class SidingError extends Error {
  override readonly name = "SidingError";
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly exit: ErrorExit;
  /** One line for the operator: what to do about it. */
  readonly mend: string;

  /** @param message one line without a full stop at its end; `mend` follows it where it is printed. */
  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retry = ERRORS[code].retry;
    this.exit = ERRORS[code].exit;
    this.mend = ERRORS[code].mend;
  }
}

/** What was thrown, as an error of the list: anything else is SIDING_INTERNAL, while `doing` what it names. */
export function knownError(error: unknown, doing: string): SidingError {
  if (isSidingError(error)) return error;
  const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  return new SidingError("SIDING_INTERNAL", message, { cause: error });
}

/** Safe on anything that can be thrown. */
export function isSidingError(error: unknown): error is SidingError {
  return error instanceof SidingError;
}
