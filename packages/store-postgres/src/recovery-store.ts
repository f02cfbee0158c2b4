import type { Cursor } from "@siding/core/cursor/cursor.js";
import { parseSnapshot, type Snapshot } from "@siding/core/cursor/snapshot.js";
import { SidingError } from "@siding/core/errors.js";
import type { Identity } from "@siding/core/ports/store.js";
import type pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, storeError } from "./connection.js";
import { cursorParameters, parseCursor } from "./cursor-codec.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

export interface RecoveryDeployment {
  readonly shards: number;
  /** Null until the first relay has run. */
  readonly pinned: Identity | null;
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/** A shard as Postgres knows it. */
export interface RecoveryShard {
  readonly shard: number;
  readonly epoch: bigint;
  readonly lastBatch: bigint;
  readonly promotedBatch: bigint;
  readonly plannedBatch: bigint | null;
  readonly cursor: Cursor;
  readonly plannedCursor: Cursor | null;
  readonly haltedReason: string | null;
  /** RFC 3339, UTC; null where nothing was ever promoted. */
  readonly promotedAt: string | null;
  readonly genesisDone: boolean;
}

/** What a verdict comes to for one shard, in events. */
export interface SettledEvents {
  /** All that were in question. */
  readonly events: number;
  /** To be published from here on. */
  readonly owed: number;
  /** Found in Kafka by a scan. */
  readonly seen: number;
  /** In the plan that lies open. */
  readonly inPlan: number;
  /** Of the owed ones, those that Postgres showed as published. */
  readonly setBack: number;
  /** Counted as published although nothing showed them there. */
  readonly givenUp: number;
  readonly firstOwed: bigint | null;
  readonly firstSetBack: bigint | null;
  readonly lastSeq: bigint | null;
  /** The snapshot that all of this was read with. */
  readonly snapshot: Snapshot;
}

export interface SettleTimes {
  readonly since: string | null;
  readonly until: string | null;
  /** Whether what an earlier recovery saw in Kafka is there still. */
  readonly earlierHolds: boolean;
}

export interface Decision {
  readonly shard: number;
  readonly epoch: bigint;
  readonly batch: bigint;
  /** Up to which number plans stand. */
  readonly standsTo: bigint;
  readonly cursor: Cursor;
  /** Whether the log was carried here from another server. */
  readonly isRebased: boolean;
  /** Whether Kafka is to hold the number: not with at-least-once. */
  readonly isNumbered: boolean;
}

export interface RecoveryRecord {
  readonly shard: number;
  readonly verdict: string;
  readonly reason: string;
  readonly actor: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

const SQL = {
  candidates: statement("recovery-candidates"),
  decide: statement("recovery-decide"),
  deployment: statement("recovery-deployment"),
  fence: statement("recovery-fence"),
  finish: statement("recovery-finish"),
  forgetEarlier: statement("recovery-forget-earlier"),
  forgetForeignXids: statement("recovery-forget-foreign-xids"),
  list: statement("recovery-list"),
  pin: statement("recovery-pin"),
  record: statement("recovery-record"),
  release: statement("recovery-release"),
  revive: statement("recovery-revive"),
  see: statement("recovery-see"),
  settle: statement("recovery-settle"),
  shards: statement("recovery-shards"),
  temporary: statement("recovery-temporary"),
  topics: statement("recovery-topics"),
};

/**
 * The Postgres side of `siding recover`, on one connection: what is read and what is decided lie in one transaction.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_* from every method
 */
export class RecoveryStore {
  readonly #client: pg.Client;
  readonly #where: string;

  private constructor(client: pg.Client, where: string) {
    this.#client = client;
    this.#where = where;
  }

  static async open(databaseUrl: string): Promise<RecoveryStore> {
    const where = describeServer(databaseUrl);
    try {
      const client = await openAdminSession(databaseUrl, "siding-recover");
      return new RecoveryStore(client, where);
    } catch (error) {
      throw storeError(error, where);
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  async deployment(): Promise<RecoveryDeployment> {
    const [row] = await this.#run(SQL.deployment, [SCHEMA_VERSION]);
    if (row === undefined) throw new SidingError("SIDING_SCHEMA_MISSING", "the schema is there but was never laid out");
    if (row.is_standby === "true")
      throw new SidingError("SIDING_STORE_STANDBY", `Postgres at ${this.#where} is a standby`);
    if (Number(row.schema_version) < SCHEMA_VERSION) {
      const message = `the schema has version ${row.schema_version}, this release needs ${SCHEMA_VERSION}`;
      throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
    }
    if (row.old_relays != null) {
      const message = `relays of an older release run, which do not heed what a recovery finds: ${row.old_relays}`;
      throw new SidingError("SIDING_VERDICT_REFUSED", message);
    }
    const { name, kafka_cluster_id: kafka, pinned_system: system, pinned_timeline: timeline } = row;
    return {
      shards: Number(row.shards),
      pinned:
        name == null || kafka == null || system == null || timeline == null
          ? null
          : { deployment: name, kafkaClusterId: kafka, systemIdentifier: system, timeline: Number(timeline) },
      systemIdentifier: row.system!,
      timeline: Number(row.timeline),
    };
  }

  /** Ends the owners of the shards and keeps every relay away; `why` shows in the status where no halt does. */
  async fence(shards: readonly number[], why: string): Promise<void> {
    await this.#run(SQL.fence, [shards, why]);
  }

  /** Gives the shards back that {@link fence} halted, after a recovery that decided nothing. */
  async release(shards: readonly number[], why: string): Promise<void> {
    await this.#run(SQL.release, [shards, why]);
  }

  /** Begins the transaction in which all that follows is read and decided, with one snapshot from here on. */
  async begin(): Promise<void> {
    try {
      await this.#client.query(SQL.temporary.text);
      await this.#client.query("begin isolation level repeatable read");
      // The snapshot is taken here, before the transaction has an xid: that xid may then serve as a cursor's nx.
      await this.#client.query("select pg_current_snapshot()");
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }

  async end(how: "commit" | "rollback"): Promise<void> {
    try {
      await this.#client.query(how);
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }

  async shards(shards: readonly number[]): Promise<readonly RecoveryShard[]> {
    const rows = await this.#run(SQL.shards, [shards]);
    return rows.map((row) => ({
      shard: Number(row.shard),
      epoch: BigInt(row.epoch!),
      lastBatch: BigInt(row.last_batch!),
      promotedBatch: BigInt(row.promoted_batch!),
      plannedBatch: row.planned_batch == null ? null : BigInt(row.planned_batch),
      cursor: parseCursor(row.cursor!),
      plannedCursor: row.planned_cursor == null ? null : parseCursor(row.planned_cursor),
      haltedReason: row.halted_reason ?? null,
      promotedAt: row.promoted_at ?? null,
      genesisDone: row.genesis_done === "true",
    }));
  }

  /** Collects the events of a shard that its verdict decides on. */
  async collect(shard: number, base: "promoted" | "planned", since: string | null): Promise<void> {
    await this.#run(SQL.candidates, [shard, base === "planned", since]);
  }

  /** The topics of what was collected, and from when on (Unix ms) each may hold some of it. */
  async topics(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#run(SQL.topics, []);
    return new Map(rows.map((row) => [row.topic!, Number(row.from_ms)]));
  }

  /** Notes event ids that Kafka holds. */
  async see(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#run(SQL.see, [ids]);
  }

  /** Divides what was collected into published and owed. */
  async settle(shard: number, { since, until, earlierHolds }: SettleTimes): Promise<SettledEvents> {
    const [row] = await this.#run(SQL.settle, [shard, since, until, earlierHolds]);
    const seq = (value: string | null | undefined): bigint | null => (value == null ? null : BigInt(value));
    return {
      events: Number(row!.events),
      owed: Number(row!.owed),
      seen: Number(row!.seen),
      inPlan: Number(row!.in_plan),
      setBack: Number(row!.set_back),
      givenUp: Number(row!.given_up),
      firstOwed: seq(row!.first_owed),
      firstSetBack: seq(row!.first_set_back),
      lastSeq: seq(row!.last_seq),
      snapshot: parseSnapshot(row!.snapshot!),
    };
  }

  /** Lists what counts as published and lies behind the decision's cursor. Before the foreign xids are forgotten. */
  async list({ shard, cursor, isRebased }: Decision): Promise<void> {
    await this.#run(SQL.forgetEarlier, [shard]);
    await this.#run(SQL.list, [shard, String(cursor.position), isRebased, ...cursorParameters(cursor)]);
  }

  /** Gives rows that carry another server's xids one that lies before every snapshot. */
  async forgetForeignXids(): Promise<void> {
    await this.#run(SQL.forgetForeignXids, []);
  }

  /** @throws SIDING_FENCED when another recovery has taken the shard */
  async decide(decision: Decision): Promise<void> {
    const { shard, epoch, batch, standsTo, cursor, isNumbered } = decision;
    await this.#run(SQL.revive, [shard, String(standsTo)]);
    const values = [shard, String(epoch), String(batch), ...cursorParameters(cursor), isNumbered];
    mustHold(await this.#run(SQL.decide, values), shard);
  }

  /** Writes down who decided what, and why; answers the record's number. */
  async record({ shard, verdict, reason, actor, before, after }: RecoveryRecord): Promise<string> {
    const values = [shard, verdict, reason, actor, JSON.stringify(before), JSON.stringify(after)];
    return (await this.#run(SQL.record, values))[0]!.recovery_id!;
  }

  async pin(identity: Identity): Promise<void> {
    await this.#run(SQL.pin, [identity.kafkaClusterId, identity.systemIdentifier, identity.timeline]);
  }

  /** Kafka has the number: the shard is a relay's again. @throws SIDING_FENCED when another recovery has taken it */
  async finish(shard: number, epoch: bigint, batch: bigint, recoveryId: string): Promise<void> {
    mustHold(await this.#run(SQL.finish, [shard, String(epoch), String(batch), recoveryId]), shard);
  }

  async #run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    try {
      return (await this.#client.query<TextRow>({ text: sql.text, values: [...values], types: AS_TEXT })).rows;
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }
}

function mustHold(rows: readonly TextRow[], shard: number): void {
  if (rows.length > 0) return;
  throw new SidingError("SIDING_FENCED", `shard ${shard}: another recovery took it; nothing was decided by this one`);
}
