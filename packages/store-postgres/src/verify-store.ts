import { SidingError } from "@siding/core/errors.js";
import type { Identity } from "@siding/core/ports/store.js";
import type { KnownEvent, PublishedRow } from "@siding/core/verify/census.js";
import type { RecordedSpan } from "@siding/core/verify/recorded-range.js";
import pg from "pg";
import { AS_TEXT, openAdminSession, type TextRow } from "./admin-session.js";
import { describeServer, storeError } from "./connection.js";
import { SCHEMA_VERSION } from "./schema-version.js";
import { type Statement, statement } from "./sql-file.js";

export interface VerifyDeployment {
  readonly shards: number;
  /** Null until the first relay has run. */
  readonly pinned: Identity | null;
  readonly systemIdentifier: string;
  readonly timeline: number;
}

export interface VerifyShard {
  readonly shard: number;
  /** Opaque. */
  readonly cursor: string;
  readonly haltedReason: string | null;
  /** Retention may have deleted what was published before (Unix ms); null: it has deleted nothing yet. */
  readonly trimmedMs: number | null;
}

/** Which rows of a shard to read; times are RFC 3339, cursors opaque texts. */
export interface RowsWanted {
  readonly shard: number;
  /** The cursor behind which to look; null: from the log's start. */
  readonly behind: string | null;
  /** The cursor from which on the record has no gap. */
  readonly recordedFrom: string | null;
  /** The minute with which it begins (Unix ms); null: it counts nothing. */
  readonly recordedFromMs: number | null;
  /** From when on a row before that cursor is required; null: none is. */
  readonly since: string | null;
  readonly isAllRequired: boolean;
  /** Also what the open plan carries. */
  readonly withPlan: boolean;
}

export interface LogRow extends PublishedRow {
  /** From when on it may be in Kafka, Unix ms. */
  readonly earliestMs: number;
}

export interface NamedEvent {
  readonly eventId: string;
  readonly tenantId: string;
  readonly topic: string;
  readonly key: string | null;
  readonly createdAt: string;
}

const SQL = {
  deployment: statement("recovery-deployment"),
  names: statement("verify-names"),
  rows: statement("verify-rows"),
  shards: statement("verify-shards"),
  spans: statement("verify-spans"),
  status: statement("verify-status"),
};

/**
 * The Postgres side of `siding verify`: reads only, in the role siding_admin, and beside relays that run.
 * @throws SIDING_STORE_*, SIDING_SCHEMA_* from every method
 */
export class VerifyStore {
  readonly #client: pg.Client;
  readonly #where: string;

  private constructor(client: pg.Client, where: string) {
    this.#client = client;
    this.#where = where;
  }

  static async open(databaseUrl: string): Promise<VerifyStore> {
    const where = describeServer(databaseUrl);
    try {
      const client = await openAdminSession(databaseUrl, "siding-verify");
      await client.query("set jit = off; set timezone = 'UTC'; set default_transaction_read_only = on");
      return new VerifyStore(client, where);
    } catch (error) {
      throw storeError(error, where);
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {});
  }

  async deployment(): Promise<VerifyDeployment> {
    const [row] = await this.#run(SQL.deployment, [0]);
    if (row === undefined) throw new SidingError("SIDING_SCHEMA_MISSING", "the schema is there but was never laid out");
    if (row.is_standby === "true") {
      throw new SidingError("SIDING_STORE_STANDBY", `Postgres at ${this.#where} is a standby`);
    }
    if (Number(row.schema_version) < SCHEMA_VERSION) {
      const message = `the schema has version ${row.schema_version}, this release needs ${SCHEMA_VERSION}`;
      throw new SidingError("SIDING_SCHEMA_OUTDATED", message);
    }
    const { name, kafka_cluster_id: kafka, pinned_system: system, pinned_timeline: timeline } = row;
    const isPinned = name != null && kafka != null && system != null && timeline != null;
    return {
      shards: Number(row.shards),
      pinned: isPinned
        ? { deployment: name, kafkaClusterId: kafka, systemIdentifier: system, timeline: Number(timeline) }
        : null,
      systemIdentifier: row.system!,
      timeline: Number(row.timeline),
    };
  }

  /** From here to {@link end} every answer shows the same moment. Without an xid: relays see nothing of it. */
  async begin(): Promise<void> {
    await this.#plain("begin isolation level repeatable read read only");
  }

  async end(): Promise<void> {
    await this.#plain("commit");
  }

  /** Every shard, and the moment by Postgres' clock. */
  async shards(): Promise<{ readonly shards: readonly VerifyShard[]; readonly now: string }> {
    const rows = await this.#run(SQL.shards, []);
    const shards = rows.map((row) => ({
      shard: Number(row.shard),
      cursor: row.cursor!,
      haltedReason: row.halted_reason ?? null,
      trimmedMs: row.trimmed_ms == null ? null : Number(row.trimmed_ms),
    }));
    return { shards, now: rows[0]!.now! };
  }

  /** By shard what was recorded from a time (RFC 3339) on, and the newest record in any case; null: all. */
  async spans(since: string | null): Promise<ReadonlyMap<number, readonly RecordedSpan[]>> {
    const spans = new Map<number, RecordedSpan[]>();
    for (const row of await this.#run(SQL.spans, [since])) {
      const sums: [string, string, string][] = JSON.parse(row.sums!);
      const shard = Number(row.shard);
      const ofShard = spans.get(shard) ?? [];
      spans.set(shard, ofShard);
      ofShard.push({
        minuteMs: Number(row.minute_ms),
        isWhole: row.is_whole === "true",
        hasLanes: row.has_lanes === "true",
        since: row.since!,
        upto: row.upto!,
        sums: sums.map(([topic, events, checksum]) => ({
          topic,
          events: Number(events),
          checksum: BigInt(checksum),
        })),
      });
    }
    return spans;
  }

  /**
   * Hands over published rows one by one, as they come: they are never all here at once.
   * @throws what onRow throws, after the rest has been read past
   */
  async rows(wanted: RowsWanted, onRow: (row: LogRow) => void): Promise<void> {
    const { shard, behind, recordedFrom, recordedFromMs, since, isAllRequired, withPlan } = wanted;
    const minute = recordedFromMs === null ? null : new Date(recordedFromMs).toISOString();
    let refused: { readonly error: unknown } | null = null;
    const query = new pg.Query<string[]>({
      text: SQL.rows.text,
      values: [shard, behind, recordedFrom, since, isAllRequired, withPlan, minute],
      rowMode: "array",
      types: AS_TEXT,
    } as never);
    query.on("row", (row) => {
      if (refused !== null) return;
      const [seq, eventId, topic, earliestMs, isRecorded, isRequired] = row as unknown as string[];
      try {
        onRow({
          eventId: eventId!,
          shard,
          seq: Number(seq),
          topic: topic!,
          earliestMs: Number(earliestMs),
          isRequired: isRequired === "1",
          isRecorded: isRecorded === "1",
        });
      } catch (error) {
        refused = { error };
      }
    });
    await new Promise<void>((resolve, reject) => {
      query.on("end", () => resolve());
      query.on("error", (error) => reject(storeError(error, this.#where)));
      this.#client.query(query);
    });
    if (refused !== null) throw (refused as { readonly error: unknown }).error;
  }

  /** What Postgres says of events; of those that it does not know, nothing. */
  async status(eventIds: readonly string[]): Promise<readonly KnownEvent[]> {
    const rows = await this.#run(SQL.status, [eventIds]);
    return rows.map((row) => ({
      eventId: row.event_id!,
      shard: Number(row.shard),
      seq: Number(row.seq),
      status: row.status as KnownEvent["status"],
    }));
  }

  /** Who events are, by `shard/seq`. */
  async names(
    events: readonly { readonly shard: number; readonly seq: number }[],
  ): Promise<ReadonlyMap<string, NamedEvent>> {
    const rows = await this.#run(SQL.names, [events.map(({ shard }) => shard), events.map(({ seq }) => String(seq))]);
    return new Map(
      rows.map((row) => [
        `${row.shard}/${row.seq}`,
        {
          eventId: row.event_id!,
          tenantId: row.tenant_id!,
          topic: row.topic!,
          key: row.key ?? null,
          createdAt: row.created_at!,
        },
      ]),
    );
  }

  async #run(sql: Statement, values: readonly unknown[]): Promise<readonly TextRow[]> {
    try {
      return (await this.#client.query<TextRow>({ text: sql.text, values: [...values], types: AS_TEXT })).rows;
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }

  async #plain(text: string): Promise<void> {
    try {
      await this.#client.query(text);
    } catch (error) {
      throw storeError(error, this.#where);
    }
  }
}
