import type { Counted, PostgresFacts, ReplicationSlot } from "@siding/store-postgres/postgres-facts.js";
import { formatAge } from "../status/format-age.js";
import { type Finding, ok, problem, unchecked, warning } from "./finding.js";

/** The first release with what the schema is made of: functions whose body is an expression. */
const VERSION_MIN = 140_000;
const MAJOR_TESTED = 18;
/** Beyond a relay's heartbeat nothing rests on the host's clock; what people read in logs does. */
const CLOCK_AHEAD_MS = 1_000;
const GIBIBYTE = 1_073_741_824;
const SLOT_KEEPS_BYTES = 10 * GIBIBYTE;
/** Of the 2,147 million at which the server stops to protect its data. */
const XID_AGE_WARNING = 1_000_000_000;
const XID_AGE_PROBLEM = 1_800_000_000;

/** What the Postgres server is like, whatever is laid out in it. @param connectionsNeeded those of one relay */
export function judgeServer(facts: PostgresFacts, connectionsNeeded: number): Finding[] {
  return [
    judgeVersion(facts),
    facts.isStandby
      ? problem(
          "postgres.standby",
          "this is a standby: what it shows may be undone by a failover, so nothing is read from it",
          "Point DATABASE_URL at the primary.",
        )
      : ok("postgres.standby", "a primary"),
    ...judgeDurability(facts),
    judgeConnections(facts, connectionsNeeded),
    judgeClock(facts),
    ...judgeTransactions(facts),
    ...judgePrepared(facts.prepared),
    ...judgeSlots(facts),
    judgeWraparound(facts),
  ];
}

function judgeVersion({ version, versionNumber }: PostgresFacts): Finding {
  const check = "postgres.version";
  if (versionNumber < VERSION_MIN) {
    const what = `Postgres ${version} lacks what the schema is made of`;
    return problem(check, what, `Upgrade it: 14 is the first that has it, and Siding's tests run on ${MAJOR_TESTED}.`);
  }
  return ok(check, `Postgres ${version}; Siding's tests run on ${MAJOR_TESTED}`);
}

function judgeDurability({ settings, commitOverrides }: PostgresFacts): Finding[] {
  const findings: Finding[] = [];
  for (const name of ["fsync", "full_page_writes"] as const) {
    const check = `postgres.${name}`;
    findings.push(
      settings[name] === "on"
        ? ok(check, "on")
        : problem(
            check,
            `${name} is ${settings[name]}: a crash of the machine may take committed events, plans and promotions back`,
            `alter system set ${name} = on; select pg_reload_conf();`,
          ),
    );
  }
  const commit = settings.synchronous_commit;
  const check = "postgres.synchronous_commit";
  const weak = [
    ...(isDurable(commit) ? [] : [`this user's sessions have ${commit}`]),
    ...commitOverrides.filter(({ value }) => !isDurable(value)).map(({ who, value }) => `${who} has ${value}`),
  ];
  if (weak.length === 0) return [...findings, ok(check, `${commit}; the relay sets on for its own commits`)];
  const what = `${weak.join(", ")}: a crash may take back what an application was told is committed, event and rows alike`;
  const mend =
    "alter system set synchronous_commit = on; select pg_reload_conf(); and `alter role … reset synchronous_commit` where a role has its own.";
  return [...findings, warning(check, what, mend)];
}

/** `local` waits for this server's disk, as `on` does where no standby is synchronous. */
function isDurable(value: string | null): boolean {
  return value !== null && !/^(off|false|no|0)$/i.test(value);
}

function judgeConnections({ connections }: PostgresFacts, needed: number): Finding {
  const free = connections.max - connections.used;
  const what = `${connections.used} of ${connections.max} connections are taken, and a relay takes up to ${needed}`;
  const check = "postgres.connections";
  if (free >= needed) return ok(check, what);
  return warning(
    check,
    `${what}: one that starts now may be refused some`,
    "Raise max_connections (it needs a restart of the server), or end sessions: select * from pg_stat_activity where state = 'idle' order by state_change;",
  );
}

function judgeClock({ clockAheadMs, clockUncertaintyMs }: PostgresFacts): Finding {
  const off = Math.max(0, Math.abs(clockAheadMs) - clockUncertaintyMs);
  const check = "clock.postgres";
  if (off < CLOCK_AHEAD_MS) {
    return ok(check, `this host's clock and the server's agree to ${Math.ceil(off + clockUncertaintyMs)} ms`);
  }
  const direction = clockAheadMs > 0 ? "ahead of" : "behind";
  return warning(
    check,
    `this host's clock is ${formatAge(off)} ${direction} the server's: leases and quotas go by the server's alone, but latencies in metrics and times in logs are off by as much`,
    "Let both keep time with NTP (chronyc tracking, timedatectl).",
  );
}

function judgeTransactions({ transactions, seesAllSessions, user }: PostgresFacts): Finding[] {
  const check = "postgres.transactions";
  const findings: Finding[] = transactions.named.map((each) => {
    const who = `${each.user}${each.application === "" ? "" : ` (${each.application})`} in database ${each.database}`;
    const effect = each.hasWritten
      ? "events that it enqueued wait for its end, and vacuum cannot remove what it may still see"
      : "vacuum cannot remove what it may still see, which slows every relay down";
    return warning(
      check,
      `a transaction of ${who}, process ${each.processId}, is open for ${formatAge(each.ageMs)} (${each.state}): ${effect}`,
      `End it in its application, or: select pg_terminate_backend(${each.processId}); idle_in_transaction_session_timeout ends such by itself.`,
    );
  });
  if (!seesAllSessions) {
    const what = `user ${user} does not see when others' transactions began`;
    findings.push(unchecked(check, what, `grant pg_read_all_stats to "${user}";`));
  } else if (findings.length === 0) {
    findings.push(ok(check, "none is open for long"));
  }
  return [...findings, ...more(check, transactions)];
}

function judgePrepared(prepared: PostgresFacts["prepared"]): Finding[] {
  const check = "postgres.prepared_transactions";
  if (prepared.total === 0) return [ok(check, "none is open for long")];
  const findings = prepared.named.map(({ gid, owner, database, ageMs }) =>
    warning(
      check,
      `transaction ${JSON.stringify(gid)} of ${owner} in database ${database} was prepared ${formatAge(ageMs)} ago and is not ended: what it enqueued waits, and it outlives even a restart`,
      `Let its coordinator end it, or in that database: rollback prepared '${gid.replaceAll("'", "''")}';`,
    ),
  );
  return [...findings, ...more(check, prepared)];
}

function more(check: string, { named, total }: Counted<unknown>): Finding[] {
  if (total <= named.length) return [];
  return [warning(check, `and ${total - named.length} more`, "Look at pg_stat_activity and pg_prepared_xacts.")];
}

function judgeSlots({ slots, settings }: PostgresFacts): Finding[] {
  const check = "postgres.replication_slots";
  if (slots === null) return [];
  const findings = slots.flatMap((slot) => judgeSlot(slot, settings.max_slot_wal_keep_size));
  return findings.length > 0
    ? findings
    : [ok(check, slots.length === 0 ? "none" : `${slots.length}, all of them in use`)];
}

function judgeSlot({ name, isActive, walStatus, keptBytes }: ReplicationSlot, keepMax: string | null): Finding[] {
  const check = "postgres.replication_slots";
  const kept = `${(keptBytes / GIBIBYTE).toFixed(1)} GiB of WAL`;
  const drop = `select pg_drop_replication_slot('${name.replaceAll("'", "''")}');`;
  if (walStatus === "lost") {
    return [
      warning(check, `slot ${name} has lost the WAL that its reader needs`, `Set its reader up anew, and: ${drop}`),
    ];
  }
  const isFull = keptBytes > SLOT_KEEPS_BYTES;
  if (isActive && !isFull) return [];
  const limit = keepMax === "-1" || keepMax === null ? "without a limit, until the disk is full" : `up to ${keepMax}`;
  const what = isActive
    ? `slot ${name} is behind: its reader holds back ${kept}`
    : `nobody reads slot ${name}: it holds back ${kept}, and goes on to, ${limit}`;
  const mend = isActive
    ? "See to its reader; max_slot_wal_keep_size is the limit that protects the disk."
    : `Start its reader, or where there is none any more: ${drop}`;
  return [isFull && !isActive ? problem(check, what, mend) : warning(check, what, mend)];
}

function judgeWraparound({ oldestXidAge }: PostgresFacts): Finding {
  const check = "postgres.wraparound";
  const what = `the oldest transaction id in use is ${Math.round(oldestXidAge / 1_000_000)} million behind, of 2,147`;
  const mend =
    "End what holds vacuum back (long and prepared transactions, slots), then vacuum (freeze) the database that select datname, age(datfrozenxid) from pg_database order by 2 desc; names.";
  if (oldestXidAge > XID_AGE_PROBLEM)
    return problem(check, `${what}: the server is about to take no more writes`, mend);
  return oldestXidAge > XID_AGE_WARNING ? warning(check, what, mend) : ok(check, what);
}
