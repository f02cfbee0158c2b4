import pg from "pg";

/** Which shards a process holds a valid lease on. */
export async function shardsOfProcess(databaseUrl: string, processId: number | undefined): Promise<number[]> {
  const rows = await ask(
    databaseUrl,
    `select s.shard::int as shard from siding.shard s join siding.relay r on r.relay_id = s.owner
     where r.process_id = $1 and s.lease_until >= clock_timestamp()`,
    [processId ?? 0],
  );
  return rows.map((row) => row.shard as number);
}

/** What is wrong, by Postgres' own account, once all is said to be delivered. */
export async function outboxFaults(databaseUrl: string, expected: number): Promise<string[]> {
  const faults: string[] = [];
  const [row] = await ask(
    databaseUrl,
    `select count(*)::int as events, count(*) filter (where status <> 'published')::int as unpublished from siding.events`,
    [],
  );
  if (row!.events !== expected) faults.push(`the outbox holds ${row!.events} events, the counters say ${expected}`);
  if (row!.unpublished !== 0) faults.push(`${row!.unpublished} events are not published, by Postgres' account`);
  for (const { shard, reason } of await ask(
    databaseUrl,
    "select shard, halted_reason as reason from siding.shard where halted_reason is not null",
    [],
  )) {
    faults.push(`shard ${shard} halted: ${reason}`);
  }
  return faults;
}

async function ask(databaseUrl: string, text: string, values: unknown[]): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
