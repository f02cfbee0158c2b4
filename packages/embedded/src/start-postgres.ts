import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { freePorts } from "./free-ports.js";
import { type RunningService, startService } from "./managed-service.js";
import { type PostgresBinaries, postgresBinaries } from "./postgres-binaries.js";
import { runToEnd } from "./run-to-end.js";
import { ServiceStartError } from "./service-start-error.js";
import { makeTemporaryDir } from "./temporary-dir.js";
import { closedDirectory, type User, unprivilegedUser } from "./unprivileged-user.js";
import { guardProcess, type Watchdog } from "./watchdog.js";

export interface PostgresOptions {
  /** A free one by default. */
  readonly port?: number;
  /** Kept at stop, and used again where it already holds data; without it the data is temporary. */
  readonly dataDir?: string;
  /** Server settings, such as `{ max_connections: 300, fsync: false }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly startTimeoutMs?: number;
}

export interface RunningPostgres extends RunningService {
  /** Superuser, database `postgres`; the password is random. */
  readonly url: string;
}

// Nothing of the caller's environment: PGPORT, PGDATA and LC_* would change what is started.
const ENV = { PATH: process.env.PATH, LC_ALL: "C" };
const INITDB_TIMEOUT_MS = 60_000;

/**
 * Starts a real Postgres on 127.0.0.1 and resolves once it takes connections.
 * @throws ServiceStartError
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const user = unprivilegedUser();
  const binaries = await postgresBinaries(user);
  const dataDir = options.dataDir ? keptDir(resolve(options.dataDir), user) : makeTemporaryDir("postgres", user);
  const watchdog = guardProcess("SIGQUIT", options.dataDir ? undefined : dataDir);
  try {
    const password = await initialise({ dataDir, binaries, user, watchdog });
    const port = options.port ?? (await freePorts(1))[0]!;
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    const settings = {
      ...options.settings,
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: "", // a socket's path may be at most 107 bytes long, and nobody needs one
    };
    const service = await startService({
      name: "Postgres",
      command: binaries.postgres,
      args: ["-D", join(dataDir, "pgdata"), ...Object.entries(settings).flatMap(([key, value]) => setting(key, value))],
      env: ENV,
      user,
      port,
      dataDir,
      logFile: join(dataDir, "postgres.log"),
      signals: { fast: "SIGINT", immediate: "SIGQUIT" },
      startTimeoutMs: options.startTimeoutMs ?? 60_000,
      watchdog,
      answers: () => takesConnections(url),
      // After a SIGKILL its child processes need a moment to notice, and hold the shared memory until then.
      startsLater: (log) => log.includes("is still in use"),
    });
    return Object.assign(service, { url });
  } catch (error) {
    await watchdog.release();
    throw error;
  }
}

function setting(key: string, value: string | number | boolean): string[] {
  return ["-c", `${key}=${typeof value === "boolean" ? (value ? "on" : "off") : value}`];
}

function keptDir(dir: string, user: User | undefined): string {
  if (!existsSync(dir)) {
    mkdirSync(dir, { recursive: true });
    if (user) chownSync(dir, user.uid, user.gid);
  }
  const closed = user && closedDirectory(dir, user);
  if (closed) {
    throw new ServiceStartError(
      `Postgres' data directory ${dir} is out of reach for the user ${user.name}, who cannot enter ${closed}: choose another`,
    );
  }
  return dir;
}

interface Place {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: User | undefined;
  readonly watchdog: Watchdog;
}

/** Makes the database cluster where there is none yet; resolves to the superuser's password. */
async function initialise({ dataDir, binaries, user, watchdog }: Place): Promise<string> {
  const passwordFile = join(dataDir, "password");
  const pgdata = join(dataDir, "pgdata");
  if (existsSync(join(pgdata, "PG_VERSION"))) return readFileSync(passwordFile, "utf8");

  const password = randomBytes(18).toString("base64url");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  mkdirSync(pgdata, { mode: 0o700, recursive: true });
  if (user) for (const path of [passwordFile, pgdata]) chownSync(path, user.uid, user.gid);
  await runToEnd({
    command: binaries.initdb,
    args: [
      ...["-D", pgdata, "-U", "postgres", "--pwfile", passwordFile, "--auth", "scram-sha-256", "--encoding", "UTF8"],
      ...["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"],
      ...["--no-sync", "--no-instructions"],
    ],
    cwd: dataDir,
    env: ENV,
    user,
    timeoutMs: INITDB_TIMEOUT_MS,
    watchdog,
  });
  return password;
}

async function takesConnections(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on("error", () => {}); // the server may go away between two steps; the next question finds out
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
