import { EVENT_STATUSES, type EventFilter, type EventStatus } from "@siding/store-postgres/event-filter.js";
import type { ListQuestion } from "@siding/store-postgres/page-cursor.js";
import { type Command, Option } from "commander";
import { parsePointInTime } from "../config/point-in-time.js";
import { LIMIT_MAX, parseLimit } from "../limit-flag.js";

/** The flags as they were written: a cursor is bound to these, so that `--since 2h` is the same list a minute later. */
export interface FilterFlags {
  readonly tenant?: string;
  readonly topic?: string;
  readonly status?: EventStatus;
  readonly since?: string;
  readonly until?: string;
  readonly key?: string;
  readonly dedupeKey?: string;
  readonly id?: string;
}

export interface PageFlags {
  readonly limit: number;
  readonly cursor?: string;
}

const LIMIT_DEFAULT = 50;

/** Adds what lists and jobs are filtered by. */
export function addFilterFlags(command: Command, ids: "one" | "several" = "one"): Command {
  const id = new Option(ids === "one" ? "--id <uuid>" : "--id <uuid...>", "the event with this id");
  return command
    .option("--tenant <id>", "events of this tenant")
    .option("--topic <name>", "events for this topic")
    .option("--since <time>", "created at or after: a time with its zone, or how long ago, such as 2h")
    .option("--until <time>", "created before")
    .option("--key <key>", "events with this ordering key")
    .option("--dedupe-key <key>", "events with this dedupe key; with --tenant there is one at most")
    .addOption(id);
}

export function addStatusFlag(command: Command): Command {
  return command.addOption(new Option("--status <status>", "events that are").choices(EVENT_STATUSES));
}

export function addPageFlags(command: Command): Command {
  return command
    .option("--limit <number>", `how many, 1 to ${LIMIT_MAX}`, parseLimit, LIMIT_DEFAULT)
    .option("--cursor <cursor>", "go on where a list ended, with the same filters");
}

/** @throws SIDING_USAGE */
export function filterOf(flags: FilterFlags): EventFilter {
  return {
    tenantId: flags.tenant,
    topic: flags.topic,
    status: flags.status,
    since: flags.since === undefined ? undefined : parsePointInTime(flags.since),
    until: flags.until === undefined ? undefined : parsePointInTime(flags.until),
    key: flags.key,
    dedupeKey: flags.dedupeKey,
    eventId: flags.id,
  };
}

/** What a cursor is bound to. */
export function questionOf(list: "events" | "dead", flags: FilterFlags): ListQuestion {
  const { tenant, topic, status, since, until, key, dedupeKey, id } = flags;
  return { list, tenant, topic, status, since, until, key, dedupeKey, id };
}
