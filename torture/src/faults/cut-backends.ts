import pg from "pg";

/** Has Postgres end the sessions of clients that come from these ports: an administrator's hand, or a failing pooler. */
export async function cutBackends(databaseUrl: string, clientPorts: readonly number[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where client_port = any($1) and pid <> pg_backend_pid()",
      [clientPorts],
    );
  } finally {
    await client.end();
  }
}
