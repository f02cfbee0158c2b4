import { chownSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningPostgres, startPostgres } from "@siding/embedded/start-postgres.js";
import pg from "pg";

/**
 * A hot standby that streams from the primary, made over SQL with a base backup of its files: the embedded Postgres has
 * no pg_basebackup.
 */
export async function startStandby(primary: RunningPostgres): Promise<RunningPostgres> {
  const owner = statSync(primary.dataDir);
  const dataDir = mkdtempSync(join(tmpdir(), "siding-standby-"));
  const pgdata = join(dataDir, "pgdata");
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query("select pg_backup_start('standby', true)");
    cpSync(primary.dataDir, dataDir, { recursive: true, filter: (path) => !/postmaster\.(pid|opts)$/.test(path) });
    const { rows } = await client.query("select labelfile from pg_backup_stop(false)");
    writeFileSync(join(pgdata, "backup_label"), rows[0].labelfile);
  } finally {
    await client.end();
  }
  writeFileSync(join(pgdata, "standby.signal"), "");
  for (const path of [".", ...readdirSync(dataDir, { recursive: true })]) {
    chownSync(join(dataDir, String(path)), owner.uid, owner.gid);
  }
  const { username, password, hostname, port } = new URL(primary.url);
  const conninfo = `host=${hostname} port=${port} user=${username} password=${password}`;
  try {
    const standby = await startPostgres({ dataDir, settings: { primary_conninfo: conninfo } });
    const { stop } = standby;
    return Object.assign(standby, {
      stop: async (mode?: Parameters<typeof stop>[0]) => {
        await stop(mode);
        rmSync(dataDir, { recursive: true, force: true });
      },
    });
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}
