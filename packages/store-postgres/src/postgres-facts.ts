/** What `siding doctor` reads of Postgres; what it means is judged elsewhere. Ages and times are in milliseconds. */
export interface PostgresFacts {
  /** host:port/database */
  readonly where: string;
  readonly user: string;
  /** As in server_version_num: 170004 is 17.4. */
  readonly versionNumber: number;
  readonly version: string;
  readonly isStandby: boolean;
  /** This host's clock less the server's, and how far that may be wrong: half the time that asking took. */
  readonly clockAheadMs: number;
  readonly clockUncertaintyMs: number;
  /** As this user's sessions have them; null where the server does not know the setting. */
  readonly settings: Readonly<Record<PostgresSetting, string | null>>;
  /** Other roles' and databases' own synchronous_commit. */
  readonly commitOverrides: readonly { readonly who: string; readonly value: string }[];
  readonly connections: { readonly used: number; readonly max: number };
  /** Whether this user sees when other users' transactions began. */
  readonly seesAllSessions: boolean;
  /** Open for longer than asked, the oldest first. */
  readonly transactions: Counted<OpenTransaction>;
  readonly prepared: Counted<PreparedTransaction>;
  /** Null where this is a standby, which tells less. */
  readonly slots: readonly ReplicationSlot[] | null;
  /** Of all databases: the server stops at two thousand million. */
  readonly oldestXidAge: number;
  /** Which of Siding's roles there are, and which of them this user can take on. */
  readonly roles: readonly string[];
  readonly canBecome: readonly string[];
  readonly isLaidOut: boolean;
  readonly missingGrants: readonly { readonly role: string; readonly privilege: string; readonly object: string }[];
  /** Null where there is none, or this user may not see it. */
  readonly schema: SchemaFacts | null;
}

export const POSTGRES_SETTINGS = [
  "synchronous_commit",
  "synchronous_standby_names",
  "fsync",
  "full_page_writes",
  "autovacuum",
  "track_counts",
  "max_prepared_transactions",
  "max_slot_wal_keep_size",
  "autovacuum_freeze_max_age",
] as const;
export type PostgresSetting = (typeof POSTGRES_SETTINGS)[number];

/** The first few by name. */
export interface Counted<T> {
  readonly named: readonly T[];
  readonly total: number;
}

export interface OpenTransaction {
  readonly processId: number;
  readonly database: string;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly ageMs: number;
  readonly hasWritten: boolean;
}

export interface PreparedTransaction {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
  readonly ageMs: number;
}

export interface ReplicationSlot {
  readonly name: string;
  readonly kind: string;
  readonly isActive: boolean;
  readonly walStatus: string | null;
  readonly keptBytes: number;
}

export interface SchemaFacts {
  readonly version: number;
  readonly shards: number;
  readonly payloadBytesMax: number;
  /** Null until the first relay has run. */
  readonly pinned: {
    readonly deployment: string;
    readonly kafkaClusterId: string;
    readonly systemIdentifier: string;
    readonly timeline: number;
  } | null;
  readonly systemIdentifier: string;
  /** Null on a standby. */
  readonly timeline: number | null;
  readonly relaysAlive: number;
  readonly halted: readonly { readonly shard: number; readonly reason: string }[];
  readonly tables: readonly TableFacts[];
  /** Topics of the next and of the newest events; how many of those that were looked at wait. */
  readonly topics: readonly { readonly topic: string; readonly waiting: number }[];
}

export interface TableFacts {
  readonly name: string;
  /** As the statistics have it; -1 where nobody has counted yet. */
  readonly liveRows: number;
  readonly deadRows: number;
  readonly vacuumedAgoMs: number | null;
  readonly xidAge: number;
  readonly isAutovacuumed: boolean;
}
